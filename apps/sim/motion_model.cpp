#include "apps/sim/motion_model.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace beckon::sim {
namespace {

using run::Code;
using run::Error;
using run::Result;

// A vector of the robot's frame, as it points in the world.
Pose turned(const Pose& vector, double theta) {
  return {vector.x * std::cos(theta) - vector.y * std::sin(theta),
          vector.x * std::sin(theta) + vector.y * std::cos(theta), vector.theta};
}

double wrapped(double theta) { return std::remainder(theta, 2 * std::numbers::pi); }

// The same direction, no faster than `limit`.
Pose slowed(Pose velocity, double limit, double turnLimit) {
  if (const double speed = std::hypot(velocity.x, velocity.y); speed > limit) {
    velocity.x *= limit / speed;
    velocity.y *= limit / speed;
  }
  velocity.theta = std::clamp(velocity.theta, -turnLimit, turnLimit);
  return velocity;
}

// Where a constant velocity leads in `time` seconds: along an arc.
Pose along(const Pose& from, const Pose& velocity, double time) {
  const double turn = velocity.theta * time;
  // The chord's length and direction beside those of a straight line; sin(x)/x is 1 near 0.
  const double shrink = std::abs(turn) < 1e-9 ? 1.0 : std::sin(turn / 2) / (turn / 2);
  const Pose step = turned({velocity.x * time * shrink, velocity.y * time * shrink, turn}, from.theta + turn / 2);
  return {from.x + step.x, from.y + step.y, wrapped(from.theta + turn)};
}

}  // namespace

Result<> MotionModel::mayMove(const Pose& numbers) const {
  if (!std::isfinite(numbers.x) || !std::isfinite(numbers.y) || !std::isfinite(numbers.theta))
    return Error{Code::badArguments, "x, y and theta have to be finite numbers", {}};
  if (!awake_) return Error{Code::refused, "the robot rests and does not move: call ALMotion.wakeUp first", {}};
  return {};
}

Result<> MotionModel::moveToward(Time now, const Pose& fractions) {
  if (const auto may = mayMove(fractions); !may) return may;
  advance(now);
  drive(slowed({std::clamp(fractions.x, -1.0, 1.0) * usualSpeed, std::clamp(fractions.y, -1.0, 1.0) * usualSpeed,
                std::clamp(fractions.theta, -1.0, 1.0) * usualTurn},
               usualSpeed, usualTurn));
  return {};
}

Result<> MotionModel::move(Time now, const Pose& velocity) {
  if (const auto may = mayMove(velocity); !may) return may;
  advance(now);
  drive(slowed(velocity, topSpeed, topTurn));
  return {};
}

void MotionModel::drive(const Pose& velocity) {
  stop();
  ++moves_;
  twist_ = velocity;
  moving_ = velocity.x != 0 || velocity.y != 0 || velocity.theta != 0;
}

Result<std::uint64_t> MotionModel::moveTo(Time now, const Pose& goal, std::optional<double> time) {
  if (const auto may = mayMove(goal); !may) return may.error();
  if (time && (!std::isfinite(*time) || *time < 0))
    return Error{Code::badArguments, "the time has to be a positive number of seconds", {}};
  advance(now);
  stop();
  ++moves_;
  const double distance = std::hypot(goal.x, goal.y), turn = std::abs(goal.theta);
  const double needed =
      time ? std::max({*time, distance / topSpeed, turn / topTurn}) : std::max(distance / usualSpeed, turn / usualTurn);
  if (needed > 0) {
    const Pose way = turned(goal, pose_.theta);
    travel_ = Travel{pose_, {pose_.x + way.x, pose_.y + way.y, pose_.theta + way.theta}, now, needed};
    moving_ = true;
    advance(now);
  }
  return moves_;
}

void MotionModel::advance(Time now) {
  const double passed = seconds(now - last_);
  last_ = now;
  if (travel_) {
    const auto& [start, goal, since, needed] = *travel_;
    const double part = std::min(seconds(now - since) / needed, 1.0);
    pose_ = {start.x + (goal.x - start.x) * part, start.y + (goal.y - start.y) * part,
             wrapped(start.theta + (goal.theta - start.theta) * part)};
    twist_ = turned({(goal.x - start.x) / needed, (goal.y - start.y) / needed, (goal.theta - start.theta) / needed},
                    -pose_.theta);
    if (part >= 1) stop();
  } else if (moving_) {
    pose_ = along(pose_, twist_, passed);
  }
}

void MotionModel::stop() {
  travel_.reset();
  twist_ = {};
  moving_ = false;
}

void MotionModel::stopMove(Time now) {
  advance(now);
  stop();
}

void MotionModel::wakeUp(Time now) {
  advance(now);
  awake_ = true;
}

void MotionModel::rest(Time now) {
  stopMove(now);
  awake_ = false;
}

}  // namespace beckon::sim
