#include "xmpp/settling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Settling::TimePoint whenAwaited{};
const Jid robot = *Jid::parse("robot@x"), gateway = *Jid::parse("robot@x/gw"), other = *Jid::parse("other@x");

TEST(Settling, knowsNobodyAtTheBeginning) {
  Settling settling;
  EXPECT_FALSE(settling.settled(robot));
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
}

TEST(Settling, isSettledByAnythingDefinite) {
  Settling settling;
  settling.await(robot, whenAwaited);
  EXPECT_TRUE(settling.told(gateway));
  EXPECT_TRUE(settling.settled(robot));
  EXPECT_FALSE(settling.settled(other));
  EXPECT_FALSE(settling.told(gateway));  // already so
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
  EXPECT_THAT(settling.tick(whenAwaited + 1h).settled, IsEmpty());
}

TEST(Settling, waitsAMomentMoreAfterTheAnswerToItsPing) {
  Settling settling;
  settling.await(robot, whenAwaited);
  EXPECT_THAT(settling.tick(whenAwaited).ping, ElementsAre(robot));
  EXPECT_THAT(settling.tick(whenAwaited + 1s).ping, IsEmpty());
  settling.answered(robot, whenAwaited + 2s);
  settling.answered(robot, whenAwaited + 3s);  // once is enough
  EXPECT_EQ(settling.nextDeadline(), whenAwaited + 2250ms);
  EXPECT_THAT(settling.tick(whenAwaited + 2249ms).settled, IsEmpty());
  EXPECT_FALSE(settling.settled(robot));
  EXPECT_THAT(settling.tick(whenAwaited + 2250ms).settled, ElementsAre(robot));
  EXPECT_TRUE(settling.settled(robot));
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
}

TEST(Settling, pingsAgainWhereNoAnswerComes) {
  Settling settling;
  settling.await(robot, whenAwaited);
  settling.tick(whenAwaited);
  EXPECT_EQ(settling.nextDeadline(), whenAwaited + 30s);
  const auto due = settling.tick(whenAwaited + 30s);
  EXPECT_THAT(due.ping, ElementsAre(robot));
  EXPECT_THAT(due.settled, IsEmpty());
  EXPECT_FALSE(settling.settled(robot));
}

TEST(Settling, ignoresAnswersThatItDoesNotAwait) {
  Settling settling;
  settling.answered(robot, whenAwaited);
  EXPECT_EQ(settling.nextDeadline(), std::nullopt);
  settling.told(robot);
  settling.await(robot, whenAwaited);
  EXPECT_THAT(settling.tick(whenAwaited).ping, IsEmpty());
}

}  // namespace
}  // namespace beckon::xmpp
