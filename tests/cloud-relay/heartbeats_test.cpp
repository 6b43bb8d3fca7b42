#include "cloud-relay/heartbeats.hpp"

#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;

constexpr Heartbeats::Time start{1h};

TEST(Heartbeats, silenceCountsFromTheLastHeartbeat) {
  Heartbeats heartbeats;
  heartbeats.listen(start);
  heartbeats.came("nao1@robots.test", start + 5s);
  heartbeats.came("nao1@robots.test", start + 10s);
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", start + 12s), 2s);
}

TEST(Heartbeats, whoeverWasNeverHeardIsSilentSinceWeListen) {
  Heartbeats heartbeats;
  heartbeats.listen(start);
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", start + 7s), 7s);
}

TEST(Heartbeats, nobodyIsBlamedForTheTimeInWhichWeWereAway) {
  Heartbeats heartbeats;
  heartbeats.listen(start);
  heartbeats.came("nao1@robots.test", start + 1s);
  heartbeats.listen(start + 60s);
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", start + 61s), 1s);
}

TEST(Heartbeats, whoIsForgottenIsKnownNoMore) {
  Heartbeats heartbeats;
  heartbeats.listen(start);
  heartbeats.came("nao1@robots.test", start + 5s);
  EXPECT_TRUE(heartbeats.knows("nao1@robots.test"));
  heartbeats.forget("nao1@robots.test");
  EXPECT_FALSE(heartbeats.knows("nao1@robots.test"));
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", start + 6s), 6s);
}

}  // namespace
}  // namespace beckon::relay
