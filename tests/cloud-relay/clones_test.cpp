#include "cloud-relay/clones.hpp"

#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;

constexpr Clones::Time firstSeen{};

TEST(Clones, aRobotThatIsStartedAnewIsNoClone) {
  Clones clones;
  for (int run = 0; run < 100; ++run)
    EXPECT_FALSE(clones.came("nao1@robots.test", "run " + std::to_string(run), firstSeen + run * 1s));
  EXPECT_FALSE(clones.isCloned("nao1@robots.test", firstSeen + 100s));
}

TEST(Clones, theSameRunMayAskAsOftenAsItLikes) {
  Clones clones;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(clones.came("nao1@robots.test", "a", firstSeen + i * 1s));
}

TEST(Clones, aRunThatComesBackAfterAnotherIsFoundOutOnce) {
  Clones clones;
  EXPECT_FALSE(clones.came("nao1@robots.test", "a", firstSeen));
  EXPECT_FALSE(clones.came("nao1@robots.test", "b", firstSeen + 60s));
  EXPECT_TRUE(clones.came("nao1@robots.test", "a", firstSeen + 120s));
  EXPECT_TRUE(clones.isCloned("nao1@robots.test", firstSeen + 120s));
  EXPECT_FALSE(clones.came("nao1@robots.test", "b", firstSeen + 180s)) << "it is known by now";
  EXPECT_TRUE(clones.isCloned("nao1@robots.test", firstSeen + 180s + Clones::remembered - 1s));
  EXPECT_FALSE(clones.isCloned("nao1@robots.test", firstSeen + 180s + Clones::remembered));
}

TEST(Clones, onesThatComeMoreThanTenMinutesApartAreARobotThatWasMovedBack) {
  Clones clones;
  clones.came("nao1@robots.test", "a", firstSeen);
  clones.came("nao1@robots.test", "b", firstSeen + 1s);
  EXPECT_FALSE(clones.came("nao1@robots.test", "a", firstSeen + 1s + Clones::remembered));
}

TEST(Clones, eachAccountIsItsOwn) {
  Clones clones;
  clones.came("nao1@robots.test", "a", firstSeen);
  clones.came("nao2@robots.test", "b", firstSeen);
  EXPECT_FALSE(clones.came("nao1@robots.test", "a", firstSeen + 1s));
  EXPECT_FALSE(clones.isCloned("nao2@robots.test", firstSeen + 1s));
}

TEST(Clones, whoIsForgottenBeginsAnew) {
  Clones clones;
  clones.came("nao1@robots.test", "a", firstSeen);
  clones.came("nao1@robots.test", "b", firstSeen);
  clones.came("nao1@robots.test", "a", firstSeen);
  clones.forget("nao1@robots.test");
  EXPECT_FALSE(clones.isCloned("nao1@robots.test", firstSeen));
}

}  // namespace
}  // namespace beckon::relay
