#include "gateway/doors/chat_patience.hpp"

#include <algorithm>

namespace beckon::gateway {

bool ChatPatience::listens(const std::string& account, Time now) {
  std::erase_if(talks_, [&](const auto& entry) { return now - entry.second.last >= pause; });
  if (talks_.size() >= mostAccounts && !talks_.contains(account)) return false;
  auto& talk = talks_.try_emplace(account, Talk{now}).first->second;
  const std::chrono::duration<double> since = now - talk.last;
  talk.last = now;
  talk.room = std::min<double>(mostAtOnce, talk.room + since / oneMore) - 1;
  if (talk.room < 0) talk.isOver = true;
  return !talk.isOver;
}

bool ChatPatience::misunderstood(const std::string& account) {
  const auto talk = talks_.find(account);
  if (talk == talks_.end() || ++talk->second.misunderstood < mostMisunderstood) return false;
  talk->second.isOver = true;
  return true;
}

void ChatPatience::understood(const std::string& account) {
  if (const auto talk = talks_.find(account); talk != talks_.end()) talk->second.misunderstood = 0;
}

}  // namespace beckon::gateway
