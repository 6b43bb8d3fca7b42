#pragma once

#include "apps/sim/battery_model.hpp"
#include "apps/sim/memory_service.hpp"

#include <memory>

namespace beckon::sim {

// ALBattery. The charge is a property too, with an event each time a whole percent has gone or come.
class BatteryService {
 public:
  BatteryService(const Clock& clock, MemoryService& memory);
  BatteryService(const BatteryService&) = delete;
  BatteryService& operator=(const BatteryService&) = delete;

  const std::shared_ptr<localbus::Object>& object() const { return object_; }
  const BatteryModel& model() const { return model_; }

  // `load` is what the robot did since the last call.
  void advance(BatteryModel::Load load);

 private:
  void remember();

  const Clock& clock_;
  MemoryService& memory_;
  BatteryModel model_;
  bool isCharging_ = false;
  std::optional<localbus::PropertyHandle<std::int32_t>> charge_;
  std::shared_ptr<localbus::Object> object_;
};

}  // namespace beckon::sim
