#include "cloud-relay/liveness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using testing::Eq;
using testing::Optional;

constexpr Liveness::Time start{1h};
const std::string account = "nao1@robots.test";
const auto bare = xmpp::Jid::parse(account).value();
const auto here = xmpp::Jid::parse(account + "/here").value();
const auto there = xmpp::Jid::parse(account + "/there").value();

class LivenessTest : public testing::Test {
 protected:
  LivenessTest() { liveness.listen(start); }
  bool isAwaited(Liveness::Time now) const { return liveness.awaitedUntil(account, now).has_value(); }

  Liveness liveness;
};

TEST_F(LivenessTest, silenceCountsFromWhenItWasHeardLast) {
  liveness.heard(here, start + 5s);
  liveness.heard(here, start + 10s);
  EXPECT_EQ(liveness.silence(account, start + 12s), 2s);
}

TEST_F(LivenessTest, whoeverWasNeverHeardIsSilentSinceWeListen) {
  EXPECT_EQ(liveness.silence(account, start + 7s), 7s);
}

TEST_F(LivenessTest, nobodyIsBlamedForTheTimeInWhichWeWereAway) {
  liveness.heard(here, start + 1s);
  liveness.listen(start + 60s);
  EXPECT_EQ(liveness.silence(account, start + 61s), 1s);
}

TEST_F(LivenessTest, whoIsForgottenIsKnownNoMore) {
  liveness.heard(here, start + 5s);
  EXPECT_TRUE(liveness.knows(account));
  liveness.forget(account);
  EXPECT_FALSE(liveness.knows(account));
  EXPECT_EQ(liveness.silence(account, start + 6s), 6s);
}

TEST_F(LivenessTest, whoWasHeardJustNowIsNotAsked) {
  liveness.heard(here, start);
  EXPECT_FALSE(liveness.question(account, start + Liveness::usualFreshness - 1ms));
  EXPECT_THAT(liveness.question(account, start + Liveness::usualFreshness), Optional(here));
}

TEST_F(LivenessTest, whoIsAskedIsAwaitedUntilItAnswersOrItsTimeIsOver) {
  liveness.heard(here, start);
  const auto asked = start + 1min;
  EXPECT_FALSE(isAwaited(asked));
  liveness.question(account, asked);
  EXPECT_THAT(liveness.awaitedUntil(account, asked), Optional(asked + Liveness::patience));
  EXPECT_FALSE(isAwaited(asked + Liveness::patience));
  liveness.heard(here, asked + 1s);
  EXPECT_FALSE(isAwaited(asked + 1s));
  EXPECT_EQ(liveness.silence(account, asked + 2s), 1s);
}

TEST_F(LivenessTest, itsTimeBeginsWhenTheServerHasPassedTheQuestionOn) {
  liveness.heard(here, start);
  const auto asked = start + 1min;
  liveness.question(account, asked);
  liveness.passedOn(account, asked + 4s);
  EXPECT_THAT(liveness.awaitedUntil(account, asked + 4s), Optional(asked + 4s + Liveness::patience));
  // Who has answered before is not asked any more.
  liveness.heard(here, asked + 5s);
  liveness.passedOn(account, asked + 6s);
  EXPECT_FALSE(isAwaited(asked + 6s));
}

TEST_F(LivenessTest, whoDoesNotAnswerIsAskedAgainAfterAWhile) {
  liveness.heard(here, start);
  const auto asked = start + 1min;
  liveness.question(account, asked);
  EXPECT_FALSE(liveness.question(account, asked + Liveness::again - 1ms));
  EXPECT_THAT(liveness.question(account, asked + Liveness::again), Optional(here));
  EXPECT_EQ(liveness.silence(account, asked + 20s), 80s);
}

TEST_F(LivenessTest, whoIsNowhereHoldsUpNobody) {
  liveness.heard(here, start);
  const auto asked = start + 1min;
  liveness.question(account, asked);
  liveness.missing(here);
  EXPECT_FALSE(isAwaited(asked));
  // It may have come to where it has not been heard.
  EXPECT_THAT(liveness.question(account, asked + Liveness::again), Optional(bare));
  EXPECT_FALSE(isAwaited(asked + Liveness::again));
}

TEST_F(LivenessTest, whoHasComeToAnotherAddressIsNotMissing) {
  liveness.heard(here, start);
  liveness.question(account, start + 1min);
  liveness.heard(there, start + 1min);
  liveness.missing(here);
  EXPECT_THAT(liveness.question(account, start + 2min), Optional(there));
  liveness.missing(here);
  EXPECT_TRUE(isAwaited(start + 2min));
  // Nor does what it said there tell that it is here.
  liveness.answered(here, start + 2min);
  EXPECT_TRUE(isAwaited(start + 2min));
  liveness.answered(there, start + 2min);
  EXPECT_EQ(liveness.silence(account, start + 2min), 0s);
}

// A stanza that its last session left behind comes back when the next one is there already.
TEST_F(LivenessTest, whoWasHeardAtTheSameAddressSinceIsNotMissing) {
  liveness.heard(here, start);
  liveness.question(account, start + 1min);
  liveness.heard(here, start + 1min);
  liveness.missing(here);
  EXPECT_THAT(liveness.question(account, start + 2min), Optional(here));
}

TEST_F(LivenessTest, whereItIsHasToBeFoundAfterWeWereAway) {
  liveness.heard(here, start);
  liveness.listen(start + 1s);
  EXPECT_THAT(liveness.question(account, start + 2s), Optional(bare));
  EXPECT_TRUE(isAwaited(start + 2s));
  // Who has not said then where it is, is not awaited a second time.
  EXPECT_THAT(liveness.question(account, start + 2s + Liveness::again), Optional(bare));
  EXPECT_FALSE(isAwaited(start + 2s + Liveness::again));
  liveness.heard(there, start + 1min);
  EXPECT_THAT(liveness.question(account, start + 2min), Optional(there));
  EXPECT_TRUE(isAwaited(start + 2min));
}

}  // namespace
}  // namespace beckon::relay
