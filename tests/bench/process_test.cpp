#include "apps/bench/process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace beckon::bench {
namespace {

TEST(Process, countsTheTicksOfUserAndSystemWhateverItsNameIs) {
  EXPECT_EQ(ticksIn("7 (a (b) 1 2) S 1 2 3 4 5 6 7 8 9 10 30 12 13 14"), 42);
  EXPECT_EQ(ticksIn("7 (beam) S 1 2 3"), -1);
  EXPECT_EQ(ticksIn("7 beam"), -1);
  EXPECT_EQ(ticksIn(""), -1);
}

TEST(Process, tellsOfThisOne) {
  const auto before = usageOf(::getpid());
  ASSERT_TRUE(before);
  EXPECT_GT(before->memory, 1'000'000);
  std::vector<char> taken(64 << 20, 1);
  const auto after = usageOf(::getpid());
  ASSERT_TRUE(after);
  EXPECT_GT(after->memory - before->memory, 60'000'000) << taken.size();
  EXPECT_GE(after->cpu, before->cpu);
}

TEST(Process, refusesOneThatIsNotThere) {
  const auto none = usageOf(0x7fffffff);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, run::Code::invalidArgument);
  EXPECT_NE(none.error().cause.find("2147483647"), std::string::npos);
}

}  // namespace
}  // namespace beckon::bench
