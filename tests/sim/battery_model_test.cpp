#include "apps/sim/battery_model.hpp"

#include "tests/sim/manual_clock.hpp"

#include <gtest/gtest.h>

namespace beckon::sim {
namespace {

using Load = BatteryModel::Load;

TEST(BatteryModel, emptiesFasterWhileTheRobotMoves) {
  test::ManualClock clock;
  BatteryModel battery(clock.now());
  EXPECT_EQ(battery.charge(), 100);
  clock.advance(40);
  battery.advance(clock.now(), Load::moving);
  EXPECT_NEAR(battery.percent(), 90, 1e-9);
  clock.advance(100);
  battery.advance(clock.now(), Load::idle);
  EXPECT_NEAR(battery.percent(), 89, 1e-9);
}

TEST(BatteryModel, fillsWhileTheRobotRestsAndStaysWithinItsBounds) {
  test::ManualClock clock;
  BatteryModel battery(clock.now(), 1);
  clock.advance(1000);
  battery.advance(clock.now(), Load::moving);
  EXPECT_EQ(battery.percent(), 0);
  EXPECT_TRUE(battery.isEmpty());
  clock.advance(10);
  battery.advance(clock.now(), Load::charging);
  EXPECT_EQ(battery.charge(), 5);
  clock.advance(1000);
  battery.advance(clock.now(), Load::charging);
  EXPECT_EQ(battery.percent(), 100);
}

}  // namespace
}  // namespace beckon::sim
