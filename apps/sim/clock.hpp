#pragma once

#include <chrono>

namespace beckon::sim {

using Time = std::chrono::steady_clock::time_point;      // for what passes
using WallTime = std::chrono::system_clock::time_point;  // for stamps that others read

// Where the robot takes its time from; tests have one that they move by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

inline double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace beckon::sim
