#include "policy/rates.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

using namespace std::chrono_literals;
const Bucket::Time firstTake{1h};
constexpr Rate tenASecond{10, 1s};

TEST(Bucket, givesAllAtOnceAndThenAsTheyComeBack) {
  Bucket bucket;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.take(tenASecond, firstTake)) << i;
  EXPECT_FALSE(bucket.take(tenASecond, firstTake));
  EXPECT_FALSE(bucket.take(tenASecond, firstTake + 99ms));
  EXPECT_TRUE(bucket.take(tenASecond, firstTake + 100ms));
  EXPECT_FALSE(bucket.take(tenASecond, firstTake + 100ms));
}

TEST(Bucket, isFullAgainAfterAPeriodAndNeverMore) {
  Bucket bucket;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.take(tenASecond, firstTake));
  EXPECT_FALSE(bucket.isFull(firstTake + 999ms));
  EXPECT_TRUE(bucket.isFull(firstTake + 1s));
  int taken = 0;
  while (bucket.take(tenASecond, firstTake + 1h)) ++taken;
  EXPECT_EQ(taken, 10);
}

TEST(Bucket, losesNothingToWhatItRefuses) {
  Bucket bucket;
  for (int i = 0; i < 10; ++i) bucket.take(tenASecond, firstTake);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(bucket.take(tenASecond, firstTake + 50ms));
  EXPECT_TRUE(bucket.take(tenASecond, firstTake + 100ms));
}

TEST(Rates, areOfAPrincipalAndARule) {
  Rates rates;
  EXPECT_EQ(rates.of("a@x", "r", firstTake), rates.of("a@x", "r", firstTake));
  EXPECT_NE(rates.of("a@x", "r", firstTake), rates.of("b@x", "r", firstTake));
  EXPECT_NE(rates.of("a@x", "r", firstTake), rates.of("a@x", "s", firstTake));
}

TEST(Rates, forgetOnlyWhoHasUsedNothingUp) {
  Rates rates;
  for (int i = 0; i < 10; ++i) rates.of("busy@x", "r", firstTake)->take(tenASecond, firstTake);
  for (int i = 0; i < 5000; ++i) rates.of("guest" + std::to_string(i) + "@x", "r", firstTake);
  EXPECT_LT(rates.count(), 2100u);
  EXPECT_FALSE(rates.of("busy@x", "r", firstTake)->take(tenASecond, firstTake));
}

}  // namespace
}  // namespace beckon::policy
