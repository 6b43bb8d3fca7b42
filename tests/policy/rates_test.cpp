#include "policy/rates.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

using namespace std::chrono_literals;
const Bucket::Time start{1h};
constexpr Rate tenASecond{10, 1s};

TEST(Bucket, givesAllAtOnceAndThenAsTheyComeBack) {
  Bucket bucket;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.take(tenASecond, start)) << i;
  EXPECT_FALSE(bucket.take(tenASecond, start));
  EXPECT_FALSE(bucket.take(tenASecond, start + 99ms));
  EXPECT_TRUE(bucket.take(tenASecond, start + 100ms));
  EXPECT_FALSE(bucket.take(tenASecond, start + 100ms));
}

TEST(Bucket, isFullAgainAfterAPeriodAndNeverMore) {
  Bucket bucket;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.take(tenASecond, start));
  EXPECT_FALSE(bucket.isFull(start + 999ms));
  EXPECT_TRUE(bucket.isFull(start + 1s));
  int taken = 0;
  while (bucket.take(tenASecond, start + 1h)) ++taken;
  EXPECT_EQ(taken, 10);
}

TEST(Bucket, losesNothingToWhatItRefuses) {
  Bucket bucket;
  for (int i = 0; i < 10; ++i) bucket.take(tenASecond, start);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(bucket.take(tenASecond, start + 50ms));
  EXPECT_TRUE(bucket.take(tenASecond, start + 100ms));
}

TEST(Rates, areOfAPrincipalAndARule) {
  Rates rates;
  EXPECT_EQ(rates.of("a@x", "r", start), rates.of("a@x", "r", start));
  EXPECT_NE(rates.of("a@x", "r", start), rates.of("b@x", "r", start));
  EXPECT_NE(rates.of("a@x", "r", start), rates.of("a@x", "s", start));
}

TEST(Rates, forgetOnlyWhoHasUsedNothingUp) {
  Rates rates;
  for (int i = 0; i < 10; ++i) rates.of("busy@x", "r", start)->take(tenASecond, start);
  for (int i = 0; i < 5000; ++i) rates.of("guest" + std::to_string(i) + "@x", "r", start);
  EXPECT_LT(rates.count(), 2100u);
  EXPECT_FALSE(rates.of("busy@x", "r", start)->take(tenASecond, start));
}

}  // namespace
}  // namespace beckon::policy
