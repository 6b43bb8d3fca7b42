#include "xmpp/settling.hpp"

namespace beckon::xmpp {

void Settling::await(const Jid& contact, TimePoint now) {
  if (!settled(contact)) waiting_.try_emplace(contact.bare(), Wait{false, now});
}

bool Settling::told(const Jid& contact) {
  waiting_.erase(contact.bare());
  return settled_.insert(contact.bare()).second;
}

void Settling::answered(const Jid& contact, TimePoint now) {
  const auto found = waiting_.find(contact.bare());
  if (found != waiting_.end() && !found->second.answered) found->second = {true, now + grace};
}

Settling::Due Settling::tick(TimePoint now) {
  Due out;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    auto& [contact, wait] = *it;
    if (wait.until > now) {
      ++it;
    } else if (!wait.answered) {
      wait.until = now + pingDeadline;
      out.ping.push_back(contact);
      ++it;
    } else {
      settled_.insert(contact);
      out.settled.push_back(contact);
      it = waiting_.erase(it);
    }
  }
  return out;
}

std::optional<Settling::TimePoint> Settling::nextDeadline() const {
  std::optional<TimePoint> out;
  for (const auto& [contact, wait] : waiting_)
    if (!out || wait.until < *out) out = wait.until;
  return out;
}

}  // namespace beckon::xmpp
