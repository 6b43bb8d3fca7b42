#include "cloud-relay/heartbeats.hpp"

#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;

constexpr Heartbeats::Time whenListening{1h};

TEST(Heartbeats, silenceCountsFromTheLastHeartbeat) {
  Heartbeats heartbeats;
  heartbeats.listen(whenListening);
  heartbeats.came("nao1@robots.test", whenListening + 5s);
  heartbeats.came("nao1@robots.test", whenListening + 10s);
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", whenListening + 12s), 2s);
}

TEST(Heartbeats, whoeverWasNeverHeardIsSilentSinceWeListen) {
  Heartbeats heartbeats;
  heartbeats.listen(whenListening);
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", whenListening + 7s), 7s);
}

TEST(Heartbeats, nobodyIsBlamedForTheTimeInWhichWeWereAway) {
  Heartbeats heartbeats;
  heartbeats.listen(whenListening);
  heartbeats.came("nao1@robots.test", whenListening + 1s);
  heartbeats.listen(whenListening + 60s);
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", whenListening + 61s), 1s);
}

TEST(Heartbeats, whoIsForgottenIsKnownNoMore) {
  Heartbeats heartbeats;
  heartbeats.listen(whenListening);
  heartbeats.came("nao1@robots.test", whenListening + 5s);
  EXPECT_TRUE(heartbeats.knows("nao1@robots.test"));
  heartbeats.forget("nao1@robots.test");
  EXPECT_FALSE(heartbeats.knows("nao1@robots.test"));
  EXPECT_EQ(heartbeats.silence("nao1@robots.test", whenListening + 6s), 6s);
}

}  // namespace
}  // namespace beckon::relay
