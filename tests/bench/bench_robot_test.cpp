#include "apps/bench/bench_robot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace beckon::bench {
namespace {

TEST(BenchRobot, isNamedByItsNumberSoThatNamesSortAsNumbers) {
  EXPECT_EQ(BenchRobot::nameOf(1), "robot-00001");
  EXPECT_EQ(BenchRobot::nameOf(99999), "robot-99999");
  EXPECT_LT(BenchRobot::nameOf(9), BenchRobot::nameOf(10));
}

// As bench/fleet_servers.py signs it.
TEST(BenchRobot, hasItsNameForAKey) {
  const auto key = BenchRobot::keyOf("robot-00001");
  EXPECT_EQ(std::string(key.begin(), key.begin() + 11), "robot-00001");
  EXPECT_EQ(std::count(key.begin() + 11, key.end(), 0), 21);
}

}  // namespace
}  // namespace beckon::bench
