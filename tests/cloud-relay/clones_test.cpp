#include "cloud-relay/clones.hpp"

#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;

constexpr Clones::Time start{};

TEST(Clones, aRobotThatIsStartedAnewIsNoClone) {
  Clones clones;
  for (int run = 0; run < 100; ++run)
    EXPECT_FALSE(clones.came("nao1@robots.test", "run " + std::to_string(run), start + run * 1s));
  EXPECT_FALSE(clones.isCloned("nao1@robots.test", start + 100s));
}

TEST(Clones, theSameRunMayAskAsOftenAsItLikes) {
  Clones clones;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(clones.came("nao1@robots.test", "a", start + i * 1s));
}

TEST(Clones, aRunThatComesBackAfterAnotherIsFoundOutOnce) {
  Clones clones;
  EXPECT_FALSE(clones.came("nao1@robots.test", "a", start));
  EXPECT_FALSE(clones.came("nao1@robots.test", "b", start + 60s));
  EXPECT_TRUE(clones.came("nao1@robots.test", "a", start + 120s));
  EXPECT_TRUE(clones.isCloned("nao1@robots.test", start + 120s));
  EXPECT_FALSE(clones.came("nao1@robots.test", "b", start + 180s)) << "it is known by now";
  EXPECT_TRUE(clones.isCloned("nao1@robots.test", start + 180s + Clones::remembered - 1s));
  EXPECT_FALSE(clones.isCloned("nao1@robots.test", start + 180s + Clones::remembered));
}

TEST(Clones, onesThatComeMoreThanTenMinutesApartAreARobotThatWasMovedBack) {
  Clones clones;
  clones.came("nao1@robots.test", "a", start);
  clones.came("nao1@robots.test", "b", start + 1s);
  EXPECT_FALSE(clones.came("nao1@robots.test", "a", start + 1s + Clones::remembered));
}

TEST(Clones, eachAccountIsItsOwn) {
  Clones clones;
  clones.came("nao1@robots.test", "a", start);
  clones.came("nao2@robots.test", "b", start);
  EXPECT_FALSE(clones.came("nao1@robots.test", "a", start + 1s));
  EXPECT_FALSE(clones.isCloned("nao2@robots.test", start + 1s));
}

TEST(Clones, whoIsForgottenBeginsAnew) {
  Clones clones;
  clones.came("nao1@robots.test", "a", start);
  clones.came("nao1@robots.test", "b", start);
  clones.came("nao1@robots.test", "a", start);
  clones.forget("nao1@robots.test");
  EXPECT_FALSE(clones.isCloned("nao1@robots.test", start));
}

}  // namespace
}  // namespace beckon::relay
