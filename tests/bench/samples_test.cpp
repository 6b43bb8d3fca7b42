#include "apps/bench/samples.hpp"

#include <gtest/gtest.h>

namespace beckon::bench {
namespace {

using namespace std::chrono_literals;

TEST(Samples, givesTheNearestRank) {
  Samples samples;
  EXPECT_EQ(samples.at(0.5), 0);
  for (int i = 100; i > 0; --i) samples.add(std::chrono::seconds(i));
  EXPECT_EQ(samples.size(), 100U);
  EXPECT_EQ(samples.at(0), 1);
  EXPECT_EQ(samples.at(0.5), 50);
  EXPECT_EQ(samples.at(0.99), 99);
  EXPECT_EQ(samples.at(1), 100);
}

TEST(Samples, ofOneGivesThatOne) {
  Samples samples;
  samples.add(20ms);
  EXPECT_DOUBLE_EQ(samples.at(0.99), 0.02);
}

TEST(Turns, areSpreadEvenlyAndEndBeforeTheTimeIsOver) {
  EXPECT_EQ(turnOf(0, 4, 8s), 0s);
  EXPECT_EQ(turnOf(1, 4, 8s), 2s);
  EXPECT_EQ(turnOf(3, 4, 8s), 6s);
  // The largest that may be asked for: nothing overflows.
  EXPECT_GT(turnOf(99998, 99999, 24h), 23h + 59min);
  EXPECT_LT(turnOf(99998, 99999, 24h), 24h);
}

TEST(Turns, areAllAtOnceWhereThereIsNoTime) { EXPECT_EQ(turnOf(2999, 3000, 0s), 0s); }

}  // namespace
}  // namespace beckon::bench
