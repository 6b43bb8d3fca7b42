#include "apps/beckond/telling.hpp"

#include <gtest/gtest.h>

namespace beckon::apps {
namespace {

using namespace std::chrono_literals;

class TellingTest : public testing::Test {
 protected:
  // What is told at that time of a robot that is so.
  std::optional<fleet::Condition> at(std::chrono::milliseconds time, const fleet::Condition& condition) {
    telling.is(condition);
    return telling.due(start + time);
  }
  static fleet::Condition charged(std::optional<int> percent) {
    fleet::Condition out{.battery = percent, .isCharging = {}, .isBusy = false, .policy = "v1"};
    return out;
  }
  static fleet::Condition busy(bool isBusy) {
    auto out = charged(80);
    out.isBusy = isBusy;
    return out;
  }

  const Telling::Time start{1h};
  Telling telling;
};

TEST_F(TellingTest, tellsAtFirstAndThenNothingUntilSomethingIsDifferent) {
  EXPECT_EQ(at(0s, busy(false)), busy(false));
  EXPECT_FALSE(at(1h, busy(false)));
  EXPECT_FALSE(telling.next());
}

TEST_F(TellingTest, tellsAtOnceWhoTakesControlButNotOftenerThanOnceASecond) {
  at(0s, busy(false));
  EXPECT_EQ(at(1s, busy(true)), busy(true));
  EXPECT_FALSE(at(1100ms, busy(false)));
  EXPECT_EQ(telling.next(), start + 2s);
  EXPECT_EQ(at(2s, busy(false)), busy(false));
  // What is over before it could be told is not told.
  EXPECT_FALSE(at(2100ms, busy(true)));
  EXPECT_FALSE(at(2200ms, busy(false)));
  EXPECT_FALSE(telling.next());
}

TEST_F(TellingTest, tellsAnotherPolicyWithinASecond) {
  at(0s, charged(80));
  auto other = charged(80);
  other.policy = "v2";
  EXPECT_FALSE(at(500ms, other));
  EXPECT_EQ(at(1s, other), other);
}

TEST_F(TellingTest, tellsABatteryInStepsOf5PercentAndOnceIn10Seconds) {
  at(0s, charged(80));
  EXPECT_FALSE(at(1min, charged(76)));
  EXPECT_FALSE(telling.next());
  EXPECT_EQ(at(1min, charged(75)), charged(75));
  EXPECT_FALSE(at(1min + 9s, charged(60)));
  EXPECT_EQ(telling.next(), start + 1min + 10s);
  EXPECT_EQ(at(1min + 10s, charged(60)), charged(60));
  EXPECT_EQ(at(2min, charged(65)), charged(65));
}

TEST_F(TellingTest, tellsThatABatteryIsLowOnceAlthoughTheStepIsSmall) {
  at(0s, charged(16));
  EXPECT_EQ(at(1min, charged(14)), charged(14));
  EXPECT_FALSE(at(2min, charged(16)));
  EXPECT_FALSE(at(3min, charged(14)));
}

TEST_F(TellingTest, tellsThatItIsChargedWithTheSamePatience) {
  at(0s, charged(50));
  auto charging = charged(50);
  charging.isCharging = true;
  EXPECT_FALSE(at(9s, charging));
  EXPECT_EQ(at(10s, charging), charging);
}

TEST_F(TellingTest, tellsWithinASecondThatABatteryIsThereOrGone) {
  at(0s, charged({}));
  EXPECT_EQ(at(1s, charged(80)), charged(80));
  EXPECT_EQ(at(2s, charged({})), charged({}));
}

TEST_F(TellingTest, isNotHeldUpByControlThatChanges) {
  at(0s, charged(80));
  at(9s, busy(true));
  auto less = busy(true);
  less.battery = 70;
  EXPECT_FALSE(at(9500ms, less));
  EXPECT_EQ(at(10s, less), less);
}

TEST_F(TellingTest, tellsTheBatteryWithWhateverElseIsTold) {
  at(0s, busy(false));
  auto both = busy(true);
  both.battery = 79;
  EXPECT_EQ(at(1s, both), both);
}

}  // namespace
}  // namespace beckon::apps
