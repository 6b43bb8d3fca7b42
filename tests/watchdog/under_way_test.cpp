#include "apps/watchdog/under_way.hpp"

#include <gtest/gtest.h>

namespace beckon::watchdog {
namespace {

TEST(UnderWay, tellsThatAStopIsDoneOnlyWhenNoOtherOfThatLeaseMayStillCome) {
  UnderWay stops;
  stops.begin("drive");  // by the clock
  stops.begin("drive");  // by beckond
  stops.begin("arm");
  EXPECT_TRUE(stops.end("drive", 7, "it hangs").empty());
  const auto told = stops.end("drive", std::nullopt, std::nullopt);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].number, 7u);
  EXPECT_EQ(told[0].problem, "it hangs");
  EXPECT_FALSE(stops.isEmpty());
  EXPECT_EQ(stops.end("arm", 8, std::nullopt).size(), 1u);
  EXPECT_TRUE(stops.isEmpty());
}

}  // namespace
}  // namespace beckon::watchdog
