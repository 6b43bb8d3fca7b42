#include "apps/sim/motion_service.hpp"

#include <utility>

namespace beckon::sim {

using localbus::Reply;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

namespace {

// Calls that wait for the end of a move at the same time.
constexpr std::size_t maxWaiting = 1000;

std::vector<float> numbers(const Pose& pose) {
  return {static_cast<float>(pose.x), static_cast<float>(pose.y), static_cast<float>(pose.theta)};
}

}  // namespace

MotionService::MotionService(const Clock& clock, MemoryService& memory)
    : clock_(clock), memory_(memory), model_(clock.now()) {
  localbus::ObjectBuilder builder;
  builder.method("wakeUp", [this] { wakeUp(); });
  builder.method("rest", [this] { rest(); });
  builder.method("robotIsWakeUp", [this] { return model_.isAwake(); });
  builder.method(
      "move", [this](float x, float y, float theta) { return move(x, y, theta); },
      "Velocities in m/s and rad/s, until another command.");
  builder.method("move", [this](float x, float y, float theta, const Value&) { return move(x, y, theta); });
  builder.method(
      "moveToward", [this](float x, float y, float theta) { return moveToward(x, y, theta); },
      "Fractions of the usual velocity, -1 to 1, until another command.");
  builder.method("moveToward", [this](float x, float y, float theta, const Value&) { return moveToward(x, y, theta); });
  builder.method(
      "moveTo",
      [this](Reply<void> reply, float x, float y, float theta) {
        moveTo(std::move(reply), {x, y, theta});
      },
      "Metres and radians from here; answers when the robot is there or was stopped.");
  builder.method("moveTo", [this](Reply<void> reply, float x, float y, float theta, float time) {
    moveTo(std::move(reply), {x, y, theta}, time);
  });
  builder.method("moveTo", [this](Reply<void> reply, float x, float y, float theta, const Value&) {
    moveTo(std::move(reply), {x, y, theta});
  });
  builder.method("moveTo", [this](Reply<void> reply, float x, float y, float theta, float time, const Value&) {
    moveTo(std::move(reply), {x, y, theta}, time);
  });
  builder.method("moveInit", [] {});
  builder.method("waitUntilMoveIsFinished", [this](Reply<void> reply) {
    if (waiting_.size() >= maxWaiting) return reply(Error{Code::overloaded, "too many calls wait already", {}});
    waiting_.push_back({0, std::move(reply)});
    advance();
  });
  builder.method("moveIsActive", [this] {
    advance();
    return model_.isMoving();
  });
  builder.method("stopMove", [this] {
    model_.stopMove(clock_.now());
    advance();
  });
  builder.method(
      "getRobotPosition",
      [this](bool) {
        advance();
        return numbers(model_.pose());
      },
      "[x, y, theta] in metres and radians.");
  builder.method(
      "getRobotVelocity",
      [this] {
        advance();
        return numbers(model_.velocity());
      },
      "[x, y, theta] in m/s and rad/s.");
  object_ = builder.build();
  memory_.raiseEvent("robotIsWakeUp", model_.isAwake());
}

Result<> MotionService::moveToward(float x, float y, float theta) {
  const auto done = model_.moveToward(clock_.now(), {x, y, theta});
  advance();
  return done;
}

Result<> MotionService::move(float x, float y, float theta) {
  const auto done = model_.move(clock_.now(), {x, y, theta});
  advance();
  return done;
}

void MotionService::moveTo(Reply<void> reply, const Pose& goal, std::optional<double> time) {
  if (waiting_.size() >= maxWaiting) return reply(Error{Code::overloaded, "too many calls wait already", {}});
  const auto move = model_.moveTo(clock_.now(), goal, time);
  if (!move) return reply(move.error());
  waiting_.push_back({*move, std::move(reply)});
  advance();
}

void MotionService::wakeUp() {
  if (model_.isAwake()) return;
  model_.wakeUp(clock_.now());
  memory_.raiseEvent("robotIsWakeUp", true);
}

void MotionService::rest() {
  if (!model_.isAwake()) return;
  model_.rest(clock_.now());
  memory_.raiseEvent("robotIsWakeUp", false);
  advance();
}

void MotionService::advance() {
  model_.advance(clock_.now());
  auto waiting = std::exchange(waiting_, {});
  for (auto& [move, reply] : waiting) {
    if (move ? model_.isUnderWay(move) : model_.isMoving())
      waiting_.push_back({move, std::move(reply)});
    else
      reply({});
  }
}

}  // namespace beckon::sim
