#pragma once

#include "apps/sim/battery_service.hpp"
#include "apps/sim/memory_service.hpp"
#include "apps/sim/motion_service.hpp"
#include "apps/sim/speech_service.hpp"
#include "apps/sim/video_service.hpp"

#include <string>
#include <utility>
#include <vector>

namespace beckon::sim {

// A robot with its services, on no bus yet and without a timer of its own. Must outlive the sessions that offer its
// objects.
class Robot {
 public:
  Robot(const Clock& clock, const std::string& name);

  // Names as in NAOqi, in the order of registration.
  std::vector<std::pair<std::string, std::shared_ptr<localbus::Object>>> services() const;

  // Brings everything to the clock's present time: moves on, empties the battery, ends sentences. Whatever the robot
  // does by itself is noticed at these calls.
  void advance();

  const MotionModel& motion() const { return motion_.model(); }
  const BatteryModel& battery() const { return battery_.model(); }

 private:
  MemoryService memory_;
  MotionService motion_;
  SpeechService speech_;
  BatteryService battery_;
  VideoService video_;
};

}  // namespace beckon::sim
