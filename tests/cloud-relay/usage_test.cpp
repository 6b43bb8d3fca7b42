#include "cloud-relay/usage.hpp"

#include "tests/support/small_disk.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const WallTime thisMorning = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 8h;
const auto tomorrow = thisMorning + 24h;

class UsageTest : public testing::Test {
 protected:
  FleetStore open() const { return FleetStore::open(folder.path() / FleetStore::fileName).value(); }
  static std::int64_t day(WallTime time) {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
  }

  test::TemporaryFolder folder;
  FleetStore store = open();
  Usage usage{store, 100};
};

TEST_F(UsageTest, countsUpToTheLimitOfADay) {
  const auto counter = usage.begin("r2@x", thisMorning).value();
  EXPECT_TRUE(usage.move(*counter, 60));
  EXPECT_EQ(usage.begin("r2@x", thisMorning).value(), counter);  // of all its streams together
  EXPECT_FALSE(usage.move(*counter, 40));
  const auto refused = usage.begin("r2@x", thisMorning).error();
  EXPECT_EQ(refused.code, run::Code::overloaded);
  EXPECT_THAT(refused.cause, HasSubstr("r2@x has moved 100 bytes through the relay today, and may move 100"));
  EXPECT_TRUE(usage.begin("r3@x", thisMorning));
}

TEST_F(UsageTest, whatWasSavedIsKnownAfterARestart) {
  {
    const auto counter = usage.begin("r2@x", thisMorning).value();
    usage.move(*counter, 30);
    usage.save(thisMorning).value();
    usage.move(*counter, 40);
    usage.save(thisMorning).value();
    usage.move(*counter, 20);  // is lost when it is killed now
  }
  auto again = open();
  Usage restarted(again, 100);
  EXPECT_EQ(restarted.begin("r2@x", thisMorning).value()->today, 70);
}

TEST_F(UsageTest, aNewDayBeginsWhileAStreamIsOpen) {
  const auto counter = usage.begin("r2@x", thisMorning).value();
  usage.move(*counter, 90);
  usage.save(tomorrow).value();
  EXPECT_TRUE(usage.move(*counter, 90));
  usage.save(tomorrow).value();
  EXPECT_EQ(store.moved("r2@x", day(thisMorning)).value(), 90);
  EXPECT_EQ(store.moved("r2@x", day(tomorrow)).value(), 90);
}

TEST_F(UsageTest, aStreamOfANewDayBeginsBeforeTheOldOneIsSaved) {
  const auto counter = usage.begin("r2@x", thisMorning).value();
  usage.move(*counter, 100);
  EXPECT_EQ(usage.begin("r2@x", tomorrow).value()->today, 0);
  EXPECT_EQ(store.moved("r2@x", day(thisMorning)).value(), 100);
}

TEST_F(UsageTest, whatCannotBeWrittenIsWrittenTheNextTime) {
  const auto counter = usage.begin("r2@x", thisMorning).value();
  usage.move(*counter, 30);
  {
    const test::SmallDisk full(0);
    EXPECT_FALSE(usage.save(thisMorning));
  }
  EXPECT_EQ(counter->today, 30);
  usage.save(thisMorning).value();
  EXPECT_EQ(open().moved("r2@x", day(thisMorning)).value(), 30);
}

}  // namespace
}  // namespace beckon::relay
