#pragma once

#include <chrono>
#include <map>
#include <string>

namespace beckon::relay {

// When each robot was last heard. Times in, no I/O. While the component is away nobody can be heard, so that silence
// counts from when it came back.
class Heartbeats {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // The component is online again.
  void listen(Time now) { listeningSince_ = now; }
  // A member was heard. Strangers are not: whoever calls this has made sure.
  void came(const std::string& account, Time now) { last_[account] = now; }
  bool knows(const std::string& account) const { return last_.contains(account); }
  void forget(const std::string& account) { last_.erase(account); }
  // For how long nothing was heard of it, as far as we can know.
  std::chrono::milliseconds silence(const std::string& account, Time now) const;

 private:
  Time listeningSince_{};
  std::map<std::string, Time> last_;
};

}  // namespace beckon::relay
