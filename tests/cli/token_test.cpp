#include "apps/cli/token.hpp"

#include <gtest/gtest.h>

namespace beckon::cli {
namespace {

using namespace std::chrono_literals;

TEST(Lifetime, isANumberAndAUnit) {
  EXPECT_EQ(readLifetime("30s").value(), 30s);
  EXPECT_EQ(readLifetime("90min").value(), 90min);
  EXPECT_EQ(readLifetime("12h").value(), 12h);
  EXPECT_EQ(readLifetime("7d").value(), 168h);
  EXPECT_EQ(readLifetime("4w").value(), std::chrono::weeks(4));
  EXPECT_EQ(readLifetime("3650d").value(), std::chrono::days(3650));
}

TEST(Lifetime, isNotWhatMightMeanAnotherOne) {
  for (const char* text : {"", "7", "d", "7 d", "7m", "7D", "-7d", "+7d", "0d", "7.5d", "7dd", "7d ", "3651d", "522w",
                           "9223372036854775807w", "99999999999999999999d"}) {
    const auto read = readLifetime(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, run::Code::invalidArgument);
    EXPECT_FALSE(read.error().nextStep.empty());
  }
}

TEST(UtcText, isTheSameInEveryTimeZone) {
  EXPECT_EQ(utcText(policy::WallTime(0s)), "1970-01-01 00:00:00 UTC");
  EXPECT_EQ(utcText(policy::WallTime(1790604799s)), "2026-09-28 14:13:19 UTC");
}

}  // namespace
}  // namespace beckon::cli
