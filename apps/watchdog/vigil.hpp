#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace beckon::watchdog {

// When the robot has to be stopped: what the watchdog knows of control leases. No I/O; the steady clock alone.
class Vigil {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Those that there are, and how long after its last heartbeat each lapses. Others are held no more.
  void define(std::map<std::string, std::chrono::milliseconds> lapses);
  // A heartbeat has come.
  void held(const std::string& lease, Time now);
  // It is stopped by somebody's word.
  void end(const std::string& lease) { due_.erase(lease); }
  // Those that have lapsed, and are held no more.
  std::vector<std::string> expire(Time now);
  // All that are held, and are no more.
  std::vector<std::string> endAll() { return expire(Time::max()); }
  std::optional<Time> next() const;
  bool isIdle() const { return due_.empty(); }

 private:
  std::map<std::string, std::chrono::milliseconds> lapses_;
  std::map<std::string, Time> due_;
};

}  // namespace beckon::watchdog
