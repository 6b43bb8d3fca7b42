#include "apps/sim/battery_service.hpp"

#include <utility>

namespace beckon::sim {

using run::Code;
using run::Error;
using run::Result;

BatteryService::BatteryService(const Clock& clock, MemoryService& memory)
    : clock_(clock), memory_(memory), model_(clock.now()) {
  localbus::ObjectBuilder builder;
  builder.method(
      "getBatteryCharge", [this] { return charge_->get(); }, "In percent.");
  charge_ = builder.property<std::int32_t>("charge", model_.charge(), [](const std::int32_t&) -> Result<> {
    return Error{Code::refused, "the charge is measured; it cannot be set", {}};
  });
  object_ = builder.build();
  memory_.raiseEvent("BatteryChargingFlagChanged", isCharging_);
  remember();
}

void BatteryService::advance(BatteryModel::Load load) {
  model_.advance(clock_.now(), load);
  const bool isCharging = load == BatteryModel::Load::charging;
  if (std::exchange(isCharging_, isCharging) != isCharging)
    memory_.raiseEvent("BatteryChargingFlagChanged", isCharging_);
  if (model_.charge() == charge_->get()) return;
  charge_->set(model_.charge());
  remember();
}

void BatteryService::remember() {
  memory_.insert("Device/SubDeviceList/Battery/Charge/Sensor/Value", static_cast<float>(charge_->get()) / 100);
  memory_.raiseEvent("BatteryChargeChanged", charge_->get());
}

}  // namespace beckon::sim
