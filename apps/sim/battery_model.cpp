#include "apps/sim/battery_model.hpp"

#include <algorithm>
#include <cmath>

namespace beckon::sim {

void BatteryModel::advance(Time now, Load load) {
  const double rate = load == Load::moving ? movingRate : load == Load::idle ? idleRate : chargingRate;
  percent_ = std::clamp(percent_ + rate * seconds(now - last_), 0.0, 100.0);
  last_ = now;
}

int BatteryModel::charge() const { return static_cast<int>(std::lround(percent_)); }

}  // namespace beckon::sim
