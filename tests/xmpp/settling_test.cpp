#include "xmpp/settling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Settling::TimePoint whenAwaited{};
const Jid robotJid = *Jid::parse("robot@x"), gatewayJid = *Jid::parse("robot@x/gw"), otherJid = *Jid::parse("other@x");

TEST(Settling, knowsNobodyAtTheBeginning) {
  Settling settling;
  EXPECT_FALSE(settling.settled(robotJid));
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
}

TEST(Settling, isSettledByAnythingDefinite) {
  Settling settling;
  settling.await(robotJid, whenAwaited);
  EXPECT_TRUE(settling.told(gatewayJid));
  EXPECT_TRUE(settling.settled(robotJid));
  EXPECT_FALSE(settling.settled(otherJid));
  EXPECT_FALSE(settling.told(gatewayJid));  // already so
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
  EXPECT_THAT(settling.tick(whenAwaited + 1h).settled, IsEmpty());
}

TEST(Settling, waitsAMomentMoreAfterTheAnswerToItsPing) {
  Settling settling;
  settling.await(robotJid, whenAwaited);
  EXPECT_THAT(settling.tick(whenAwaited).ping, ElementsAre(robotJid));
  EXPECT_THAT(settling.tick(whenAwaited + 1s).ping, IsEmpty());
  settling.answered(robotJid, whenAwaited + 2s);
  settling.answered(robotJid, whenAwaited + 3s);  // once is enough
  EXPECT_EQ(settling.nextDeadline(), whenAwaited + 2250ms);
  EXPECT_THAT(settling.tick(whenAwaited + 2249ms).settled, IsEmpty());
  EXPECT_FALSE(settling.settled(robotJid));
  EXPECT_THAT(settling.tick(whenAwaited + 2250ms).settled, ElementsAre(robotJid));
  EXPECT_TRUE(settling.settled(robotJid));
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
}

TEST(Settling, pingsAgainWhereNoAnswerComes) {
  Settling settling;
  settling.await(robotJid, whenAwaited);
  settling.tick(whenAwaited);
  EXPECT_EQ(settling.nextDeadline(), whenAwaited + 30s);
  const auto due = settling.tick(whenAwaited + 30s);
  EXPECT_THAT(due.ping, ElementsAre(robotJid));
  EXPECT_THAT(due.settled, IsEmpty());
  EXPECT_FALSE(settling.settled(robotJid));
}

TEST(Settling, ignoresAnswersThatItDoesNotAwait) {
  Settling settling;
  settling.answered(robotJid, whenAwaited);
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
  settling.told(robotJid);
  settling.await(robotJid, whenAwaited);
  EXPECT_THAT(settling.tick(whenAwaited).ping, IsEmpty());
}

}  // namespace
}  // namespace beckon::xmpp
