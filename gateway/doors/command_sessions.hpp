#pragma once

#include "xmpp/jid.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::gateway {

// An ad-hoc command that waits for its next step.
struct CommandSession {
  xmpp::Jid from;      // the full JID that began it: nobody else goes on
  std::string node;    // that it was begun with
  std::string method;  // full name of the one whose arguments are asked for; empty: it is to be chosen
};

// Those of all callers. A session is taken out for each step and kept again if another is to follow, so that no step is
// carried out twice. Without I/O or clock.
class CommandSessions {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // How long it waits for a step: for somebody who looks up what to write.
  static constexpr std::chrono::minutes patience{10};
  // Clients leave commands that were not canceled: for one more of the same account its oldest goes.
  static constexpr std::size_t mostOfAnAccount = 8;
  // Of all; only accounts that a rule of the policy is for have any.
  static constexpr std::size_t most = 1024;

  // From now on under that id, which nobody can guess. False: there are too many.
  bool keep(const std::string& id, CommandSession session, Time now);

  struct Taken {
    std::optional<CommandSession> session;
    bool isExpired = false;  // it was there, and waited too long
  };
  // Of this caller and node.
  Taken take(std::string_view id, const xmpp::Jid& from, std::string_view node, Time now);

  std::size_t count() const { return sessions_.size(); }

 private:
  struct Waiting {
    CommandSession session;
    Time since;
  };
  std::map<std::string, Waiting, std::less<>> sessions_;
};

}  // namespace beckon::gateway
