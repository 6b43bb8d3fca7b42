#include "gateway/doors/command_sessions.hpp"

#include <utility>

namespace beckon::gateway {

bool CommandSessions::keep(const std::string& id, CommandSession session, Time now) {
  std::erase_if(sessions_, [&](const auto& entry) { return now - entry.second.since > patience; });
  const auto account = session.from.bare();
  std::size_t own = 0;
  auto oldest = sessions_.end();
  for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
    if (each->second.session.from.bare() != account) continue;
    ++own;
    if (oldest == sessions_.end() || each->second.since < oldest->second.since) oldest = each;
  }
  if (own >= mostOfAnAccount) sessions_.erase(oldest);
  if (sessions_.size() >= most) return false;
  sessions_.insert_or_assign(id, Waiting{std::move(session), now});
  return true;
}

CommandSessions::Taken CommandSessions::take(std::string_view id, const xmpp::Jid& from, std::string_view node,
                                             Time now) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.session.from != from || found->second.session.node != node) return {};
  auto waiting = std::move(found->second);
  sessions_.erase(found);
  if (now - waiting.since > patience) return {{}, true};
  return {std::move(waiting.session), false};
}

}  // namespace beckon::gateway
