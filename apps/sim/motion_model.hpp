#pragma once

#include "apps/sim/clock.hpp"
#include "core/run/error.hpp"

#include <cstdint>
#include <optional>

namespace beckon::sim {

// Metres and radians, in the world or the robot's own frame (x ahead, y to the left, theta to the left); as a
// velocity, the same for each second.
struct Pose {
  double x = 0, y = 0, theta = 0;
};

// Where the robot stands and how it moves, without I/O. It moves at once at full speed and stops at once: there is no
// acceleration. A velocity lasts until another command, as on the robot: nothing times out. `now` never goes back.
class MotionModel {
 public:
  // Pepper's MaxVelXY and MaxVelTheta unless configured otherwise: what moveToward's 1.0 stands for.
  static constexpr double usualSpeed = 0.35;  // m/s
  static constexpr double usualTurn = 1.0;    // rad/s
  // The most that they can be configured to; faster moves are slowed down to it.
  static constexpr double topSpeed = 0.55;
  static constexpr double topTurn = 2.0;

  explicit MotionModel(Time now) : last_(now) {}

  // Fractions of the usual speed, each cut to [-1, 1]. Errors: refused while the robot rests, badArguments for
  // numbers that are not finite; so for the next two.
  run::Result<> moveToward(Time now, const Pose& fractions);
  run::Result<> move(Time now, const Pose& velocity);
  // On a straight line to a place given in the robot's frame, turning evenly meanwhile; in `time` seconds if given.
  // Returns the number of the move.
  run::Result<std::uint64_t> moveTo(Time now, const Pose& goal, std::optional<double> time = {});
  // False once the move of that number has arrived or was ended by a later command.
  bool isUnderWay(std::uint64_t move) const { return isMoving() && move == moves_; }

  void stopMove(Time now);
  void wakeUp(Time now);
  void rest(Time now);  // stops first

  void advance(Time now);

  // As of the last call with a time.
  const Pose& pose() const { return pose_; }       // in the frame of where the robot stood at first; |theta| <= pi
  const Pose& velocity() const { return twist_; }  // in the robot's frame
  bool isMoving() const { return moving_; }
  bool isAwake() const { return awake_; }

 private:
  struct Travel {
    Pose start, goal;  // in the world's frame
    Time since;
    double seconds;
  };
  run::Result<> mayMove(const Pose& numbers) const;
  void drive(const Pose& velocity);
  void stop();

  Time last_;
  Pose pose_, twist_;
  std::optional<Travel> travel_;
  bool moving_ = false, awake_ = true;
  std::uint64_t moves_ = 0;
};

}  // namespace beckon::sim
