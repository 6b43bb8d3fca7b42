#pragma once

#include <chrono>
#include <map>
#include <string>

namespace beckon::relay {

// Finds out that two computers log in as one member: each throws the other off the account, so they come in turn. Every
// run of a robot names itself, by a number that nobody else has; a robot that is started anew never is an earlier run
// again. Times in, no I/O.
class Clones {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // So long after they were last seen in turn one member is taken for two. Two that throw each other off come to rest a
  // minute apart (xmpp::Retry).
  static constexpr std::chrono::minutes remembered{10};

  // That run of the member logged in. True: it is found out now that there are two.
  bool came(const std::string& account, const std::string& run, Time now);
  bool isCloned(const std::string& account, Time now) const;
  // It is somebody else's from now on, or nobody's.
  void forget(const std::string& account) { members_.erase(account); }

 private:
  struct Runs {
    std::string last, before;
    Time beforeLeft{}, clonedUntil{};
  };
  std::map<std::string, Runs> members_;
};

}  // namespace beckon::relay
