// What is sent to a server that reads slowly, with times as they come.
#include "xmpp/outflow.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class OutflowTest : public testing::Test {
 protected:
  run::Result<> push(std::string_view name, std::size_t bytes, std::string_view type = "result") {
    auto stanza = Element(std::string(name), std::string(ns::client)).set("type", type).set("id", "one");
    return outflow.push(stanza, std::string(bytes, 'x'), now);
  }

  // Whether what leaves next is so many bytes of stanzas and nothing else.
  void expectLeaves(std::size_t bytes) { EXPECT_EQ(outflow.next(now).bytes, std::string(bytes, 'x')); }

  // The server takes a probe in that time.
  void showPace(std::chrono::milliseconds time) {
    ASSERT_TRUE(push("iq", 100'000));
    const auto batch = outflow.next(now);
    ASSERT_EQ(batch.bytes, std::string(Outflow::probe, ' '));
    ASSERT_TRUE(batch.asks);
    expectLeaves(0);  // until it is taken
    takes(time);
  }

  // The server answers at once, and then nothing for so long.
  void takes(std::chrono::milliseconds time) {
    outflow.taken(now += 1ms);
    const auto again = outflow.next(now);
    EXPECT_EQ(again.bytes, "");
    EXPECT_TRUE(again.asks);
    outflow.taken(now += time - 1ms);
  }

  Outflow outflow;
  Outflow::Time now{1h};
};

TEST_F(OutflowTest, whatIsSmallLeavesAtOnceAndNobodyIsAsked) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(push("iq", 1000));
    const auto batch = outflow.next(now);
    EXPECT_EQ(batch.bytes.size(), 1000u);
    EXPECT_FALSE(batch.asks);
  }
  EXPECT_EQ(outflow.size(), 0u);
}

TEST_F(OutflowTest, noMoreLeavesThanAWindowUntilTheServerHasTakenIt) {
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(push("message", 1000));
  const auto first = outflow.next(now);
  EXPECT_EQ(first.bytes.size(), 16000u);
  EXPECT_TRUE(first.asks);
  EXPECT_EQ(outflow.size(), 24000u);
  expectLeaves(0);
  outflow.taken(now += 50ms);
  expectLeaves(24000);  // the window has grown
}

TEST_F(OutflowTest, whatWaitsForOthersHasTheServerAsked) {
  for (const std::size_t bytes : {16'000, 28'000, 100'000}) {
    outflow = Outflow();
    ASSERT_TRUE(push("iq", 1000));
    expectLeaves(1000);
    ASSERT_TRUE(push("iq", bytes));
    for (int rounds = 0; outflow.size() > 0; ++rounds) {
      ASSERT_LT(rounds, 4) << bytes;
      const auto batch = outflow.next(now);
      ASSERT_TRUE(batch.asks || outflow.size() == 0) << bytes;
      outflow.taken(now += 10ms);
    }
  }
}

TEST_F(OutflowTest, theWindowShrinksForAServerThatTakesLong) {
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(push("message", 1000));
  EXPECT_EQ(outflow.next(now).bytes.size(), 16000u);
  outflow.taken(now += 3s);
  EXPECT_EQ(outflow.next(now).bytes.size(), 8000u);
}

TEST_F(OutflowTest, whatWouldHoldUpAllOthersIsRefusedWithTheReason) {
  showPace(2000ms);
  const auto batch = outflow.next(now);
  EXPECT_EQ(batch.bytes, "");
  ASSERT_EQ(batch.refused.size(), 1u);
  EXPECT_EQ(batch.refused[0].head.attribute("id"), "one");
  EXPECT_EQ(batch.refused[0].why.code, run::Code::tooLarge);
  EXPECT_THAT(batch.refused[0].why.cause, HasSubstr("a message of 100000 bytes would hold up all others"));
  EXPECT_THAT(batch.refused[0].why.cause, HasSubstr("took 26624 bytes in 2.0 s, so that no more than 16560 may"));
  EXPECT_THAT(batch.refused[0].why.nextStep, HasSubstr("rate limit"));
  // From then on at once.
  EXPECT_EQ(push("iq", 16'561).error().code, run::Code::tooLarge);
  ASSERT_TRUE(push("iq", 16'560));
  expectLeaves(16'560);
  EXPECT_EQ(outflow.size(), 0u);
}

TEST_F(OutflowTest, whatIsSmallPassesHoweverSlowTheServerIs) {
  showPace(Outflow::patience);
  outflow.next(now);
  EXPECT_FALSE(push("iq", Outflow::small + 1));
  ASSERT_TRUE(push("iq", Outflow::small));
  expectLeaves(Outflow::small);
}

TEST_F(OutflowTest, aServerThatIsQuickTakesAllSizesFromThenOn) {
  showPace(100ms);
  expectLeaves(100'000);
  takes(100ms);
  ASSERT_TRUE(push("iq", 260'000));
  expectLeaves(260'000);
}

TEST_F(OutflowTest, aServerThatWasQuickHasToShowItAgainOnceItIsSlow) {
  showPace(100ms);
  expectLeaves(100'000);
  takes(900ms);
  for (int i = 0; !outflow.next(now).asks; ++i) {
    ASSERT_LT(i, 1000);
    ASSERT_TRUE(push("message", 500));
  }
  outflow.taken(now += 2500ms);
  ASSERT_TRUE(push("iq", 100'000));
  EXPECT_EQ(outflow.next(now).bytes.substr(0, 1), " ");
}

TEST_F(OutflowTest, aServerIsAskedTwiceUnlessItWasSlowAtOnce) {
  ASSERT_TRUE(push("iq", 100'000));
  ASSERT_TRUE(push("iq", 100));
  EXPECT_TRUE(outflow.next(now).asks);
  outflow.taken(now += 3s);
  const auto batch = outflow.next(now);
  EXPECT_FALSE(batch.asks);
  EXPECT_EQ(batch.refused.size(), 1u);
  EXPECT_EQ(batch.bytes.size(), 100u);
}

TEST_F(OutflowTest, whatAStanzaTakesItselfCounts) {
  showPace(900ms);
  expectLeaves(100'000);
  outflow.taken(now += 8s);
  EXPECT_EQ(push("iq", 60'000).error().code, run::Code::tooLarge);
  EXPECT_TRUE(push("iq", 49'000));
}

TEST_F(OutflowTest, thatAServerWasSlowIsForgotten) {
  showPace(2500ms);
  outflow.next(now);
  EXPECT_FALSE(push("iq", 100'000));
  now += Outflow::memory;
  showPace(100ms);
  expectLeaves(100'000);
}

TEST_F(OutflowTest, whatComesWhileOthersWaitForLongIsRefusedAndOurOwnLast) {
  for (int i = 0; i < 17; ++i) ASSERT_TRUE(push("message", 1000));
  EXPECT_EQ(outflow.next(now).bytes.size(), 16000u);
  now += Outflow::longestHold;
  ASSERT_TRUE(push("message", 100));
  now += 1ms;
  const auto refused = push("message", 100).error();
  EXPECT_EQ(refused.code, run::Code::overloaded);
  EXPECT_THAT(refused.cause, HasSubstr("is 5 s behind, by 1100 bytes"));
  EXPECT_FALSE(push("iq", 100));
  ASSERT_TRUE(push("iq", 100, "set"));
  ASSERT_TRUE(push("presence", 100, ""));
  now += Outflow::longestHoldOfOurs;
  EXPECT_FALSE(push("presence", 100, ""));
}

TEST_F(OutflowTest, theEndLetsAllLeave) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(push("message", 1000));
  outflow.next(now);
  EXPECT_EQ(outflow.flush().size(), 4000u);
  EXPECT_EQ(outflow.size(), 0u);
}

}  // namespace
}  // namespace beckon::xmpp
