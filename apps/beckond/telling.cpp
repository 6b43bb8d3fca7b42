#include "apps/beckond/telling.hpp"

#include <algorithm>
#include <cstdlib>

namespace beckon::apps {
namespace {

// Both are known.
bool isOtherCharge(int told, int now) {
  return std::abs(now - told) >= Telling::batteryStep || (told >= Telling::low && now < Telling::low);
}

}  // namespace

std::optional<Telling::Time> Telling::next() const {
  if (!told_) return Time::min();
  const auto &was = *told_, &is = condition_;
  if (is.isBusy != was.isBusy || is.policy != was.policy || is.battery.has_value() != was.battery.has_value())
    return toldAt_ + pause;
  if (is.isCharging != was.isCharging || (is.battery && isOtherCharge(*was.battery, *is.battery)))
    return std::max(toldAt_ + pause, batteryToldAt_ + batteryPause);
  return {};
}

std::optional<fleet::Condition> Telling::due(Time now) {
  const auto at = next();
  if (!at || *at > now) return {};
  if (!told_ || told_->battery != condition_.battery || told_->isCharging != condition_.isCharging)
    batteryToldAt_ = now;
  told_ = condition_;
  toldAt_ = now;
  return told_;
}

}  // namespace beckon::apps
