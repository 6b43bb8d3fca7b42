#pragma once

#include "fleet/condition.hpp"

#include <chrono>
#include <optional>

namespace beckon::apps {

// Decides when the robot's presence is told anew: each one goes to all its contacts, so what somebody could change many
// times a second, or a battery that empties, may not send as many. Times in, no I/O.
class Telling {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Between two presences, whatever changes.
  static constexpr std::chrono::milliseconds pause{1000};
  // Between two of which the battery alone is the reason, and by how much its charge has to have changed. Where it
  // falls below `low` is told in any case.
  static constexpr std::chrono::milliseconds batteryPause{10000};
  static constexpr int batteryStep = 5, low = 15;

  // How the robot is from now on.
  void is(fleet::Condition condition) { condition_ = std::move(condition); }
  // What is to be told now, if anything. It counts as told then.
  std::optional<fleet::Condition> due(Time now);
  // When to ask due() again; none: once something is different.
  std::optional<Time> next() const;

 private:
  fleet::Condition condition_;
  std::optional<fleet::Condition> told_;
  Time toldAt_{}, batteryToldAt_{};
};

}  // namespace beckon::apps
