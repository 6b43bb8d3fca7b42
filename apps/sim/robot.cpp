#include "apps/sim/robot.hpp"

namespace beckon::sim {

Robot::Robot(const Clock& clock, const std::string& name)
    : memory_(clock), motion_(clock, memory_), speech_(clock, memory_), battery_(clock, memory_), video_(clock) {
  // Where NAOqi keeps the name that its user gave the robot.
  memory_.insert("Device/DeviceList/ChestBoard/BodyNickName", name);
}

std::vector<std::pair<std::string, std::shared_ptr<localbus::Object>>> Robot::services() const {
  return {{"ALMemory", memory_.object()},
          {"ALMotion", motion_.object()},
          {"ALTextToSpeech", speech_.object()},
          {"ALBattery", battery_.object()},
          {"ALVideoDevice", video_.object()}};
}

void Robot::advance() {
  using Load = BatteryModel::Load;
  const auto& motion = motion_.model();
  const Load load = motion.isMoving() ? Load::moving : motion.isAwake() ? Load::idle : Load::charging;
  motion_.advance();
  speech_.advance();
  battery_.advance(load);
  if (battery_.model().isEmpty()) motion_.rest();
}

}  // namespace beckon::sim
