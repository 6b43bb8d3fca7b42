#pragma once

#include "apps/sim/memory_service.hpp"
#include "apps/sim/motion_model.hpp"

#include <memory>
#include <vector>

namespace beckon::sim {

// ALMotion: the walk, and waking and resting. The configurations that some overloads take (a step's height and the
// like) are accepted and not used.
class MotionService {
 public:
  MotionService(const Clock& clock, MemoryService& memory);
  MotionService(const MotionService&) = delete;
  MotionService& operator=(const MotionService&) = delete;

  const std::shared_ptr<localbus::Object>& object() const { return object_; }
  const MotionModel& model() const { return model_; }

  // Brings the robot to where it is by now, and answers the calls that waited for the end of a move.
  void advance();
  // The robot lies down by itself.
  void rest();

 private:
  struct Waiting {
    std::uint64_t move;  // 0: for any
    localbus::Reply<void> reply;
  };
  run::Result<> moveToward(float x, float y, float theta);
  run::Result<> move(float x, float y, float theta);
  void moveTo(localbus::Reply<void> reply, const Pose& goal, std::optional<double> time = {});
  void wakeUp();

  const Clock& clock_;
  MemoryService& memory_;
  MotionModel model_;
  std::vector<Waiting> waiting_;
  std::shared_ptr<localbus::Object> object_;
};

}  // namespace beckon::sim
