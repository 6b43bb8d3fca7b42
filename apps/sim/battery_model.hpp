#pragma once

#include "apps/sim/clock.hpp"

namespace beckon::sim {

// The battery, without I/O. It empties many times faster than a robot's, so that somebody who watches sees it change;
// a robot that rests is on its charging station.
class BatteryModel {
 public:
  enum class Load { moving, idle, charging };
  // Percent a second: a move of 4 s costs one percent, and a full battery lasts 400 s of it.
  static constexpr double movingRate = -0.25;
  static constexpr double idleRate = -0.01;
  static constexpr double chargingRate = 0.5;

  explicit BatteryModel(Time now, double percent = 100) : last_(now), percent_(percent) {}

  // `load` is what the robot did since the last call.
  void advance(Time now, Load load);

  double percent() const { return percent_; }  // 0 to 100
  int charge() const;                          // the same in whole percent
  bool isEmpty() const { return percent_ <= 0; }

 private:
  Time last_;
  double percent_;
};

}  // namespace beckon::sim
