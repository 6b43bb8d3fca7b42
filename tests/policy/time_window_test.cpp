#include "policy/time_window.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace beckon::policy {
namespace {

enum Day { mon, tue, wed, thu, fri, sat, sun };
bool isOpen(std::string_view window, Day day, int hour, int minute = 0) {
  return TimeWindow::parse(window).value().isOpen({day, hour * 60 + minute});
}

TEST(TimeWindow, isOpenFromItsFirstMinuteUntilItsLastIsOver) {
  EXPECT_FALSE(isOpen("Mon-Fri 08:00-18:00", mon, 7, 59));
  EXPECT_TRUE(isOpen("Mon-Fri 08:00-18:00", mon, 8));
  EXPECT_TRUE(isOpen("Mon-Fri 08:00-18:00", fri, 17, 59));
  EXPECT_FALSE(isOpen("Mon-Fri 08:00-18:00", fri, 18));
  EXPECT_FALSE(isOpen("Mon-Fri 08:00-18:00", sat, 12));
  EXPECT_TRUE(isOpen("Sat 10:00-24:00", sat, 23, 59));
  EXPECT_FALSE(isOpen("Sat 10:00-24:00", sun, 0));
}

TEST(TimeWindow, mayPassTheEndOfTheWeekAndOfTheDay) {
  EXPECT_TRUE(isOpen("Sat-Mon 08:00-09:00", sun, 8));
  EXPECT_TRUE(isOpen("Sat-Mon 08:00-09:00", mon, 8));
  EXPECT_FALSE(isOpen("Sat-Mon 08:00-09:00", tue, 8));
  EXPECT_TRUE(isOpen("22:00-06:00", wed, 23));
  EXPECT_TRUE(isOpen("22:00-06:00", wed, 5, 59));
  EXPECT_FALSE(isOpen("22:00-06:00", wed, 6));
  // What passes midnight belongs to the day on which it began.
  EXPECT_TRUE(isOpen("Fri 22:00-06:00", sat, 5));
  EXPECT_FALSE(isOpen("Fri 22:00-06:00", fri, 5));
  EXPECT_TRUE(isOpen("Sun 22:00-06:00", mon, 5));
}

TEST(TimeWindow, refusesWhatIsNone) {
  for (const char* text :
       {"", "Mon", "08:00", "8:00-18:00", "08:00-25:00", "08:60-09:00", "24:00-08:00", "08:00-08:00", "Mo 08:00-18:00",
        "Mon-Xyz 08:00-18:00", "Mon  08:00-18:00", "08:00-18:00 Mon", "08:00-00:00"})
    EXPECT_FALSE(TimeWindow::parse(text)) << text;
}

TEST(LocalTime, isUnknownToAClockThatWasNeverSet) {
  using std::chrono::system_clock;
  EXPECT_FALSE(localTime(system_clock::from_time_t(0)));
  EXPECT_FALSE(localTime(system_clock::from_time_t(1'577'836'799)));
  EXPECT_TRUE(localTime(system_clock::from_time_t(1'577'836'800)));
}

TEST(LocalTime, isThatOfTheRobotsTimeZone) {
  const std::time_t noon = 1'795'003'200;
  std::tm local{};
  ASSERT_TRUE(::localtime_r(&noon, &local));
  const auto time = localTime(std::chrono::system_clock::from_time_t(noon)).value();
  EXPECT_EQ(time.minute, local.tm_hour * 60 + local.tm_min);
  EXPECT_EQ((time.day + 1) % 7, local.tm_wday);
}

}  // namespace
}  // namespace beckon::policy
