#include "xmpp/reconnector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;

class ReconnectorTest : public testing::Test {
 protected:
  using TimePoint = Reconnector::TimePoint;

  static std::string name(const Reconnector::Action& action) {
    constexpr std::array names{"open", "ping", "close"};
    return action ? names[action->index()] : "nothing";
  }

  std::string tickAt(TimePoint when) {
    now = when;
    return name(reconnector.tick(now));
  }
  // What happens at the next deadline, and not a moment earlier.
  std::string next() {
    const auto when = *reconnector.nextDeadline();
    EXPECT_EQ(tickAt(when - 1ms), "nothing");
    return tickAt(when);
  }

  void goOnline() {
    reconnector.start(now);
    reconnector.cameOnline(now);
  }

  Reconnector::Duration retryAfter(run::Code code) {
    const auto action = reconnector.closed({code, "", ""}, now);
    const auto wait = std::get<Reconnector::Close>(*action).retryIn;
    now += wait;
    EXPECT_EQ(name(reconnector.tick(now)), "open");
    return wait;
  }

  Reconnector reconnector{Reconnector::Settings{}, 1};
  TimePoint now{1h};
};

TEST_F(ReconnectorTest, opensAndComesBackAfterEachEnd) {
  EXPECT_FALSE(reconnector.nextDeadline());
  EXPECT_EQ(name(reconnector.start(now)), "open");
  EXPECT_EQ(name(reconnector.start(now)), "nothing");
  for (int i = 0; i < 100; ++i) EXPECT_LE(retryAfter(run::Code::unreachable), 60s);
  reconnector.cameOnline(now);
  EXPECT_TRUE(reconnector.online());
  EXPECT_LE(retryAfter(run::Code::connectionLost), 60s);
  EXPECT_FALSE(reconnector.online());
}

TEST_F(ReconnectorTest, givesUpAnAttemptThatNeverEnds) {
  reconnector.start(now);
  EXPECT_EQ(next(), "close");
  EXPECT_EQ(next(), "open");
}

TEST_F(ReconnectorTest, asksAServerThatIsSilentForASignOfLife) {
  goOnline();
  now += 19s;
  reconnector.heard(now);
  EXPECT_EQ(*reconnector.nextDeadline(), now + 20s);
  EXPECT_EQ(next(), "ping");
  now += 1s;
  reconnector.heard(now);
  EXPECT_EQ(next(), "ping");
  EXPECT_TRUE(reconnector.online());
}

TEST_F(ReconnectorTest, givesUpAServerThatGivesNone) {
  goOnline();
  EXPECT_EQ(next(), "ping");
  const auto asked = now;
  EXPECT_EQ(next(), "close");
  EXPECT_EQ(now, asked + 15s);
  EXPECT_FALSE(reconnector.online());
}

TEST_F(ReconnectorTest, startsFromTheShortestWaitAfterAStreamThatLasted) {
  reconnector.start(now);
  for (int i = 0; i < 10; ++i) retryAfter(run::Code::unreachable);
  reconnector.cameOnline(now);
  now += 10s;
  EXPECT_LE(retryAfter(run::Code::connectionLost), 1s);
  for (int i = 0; i < 10; ++i) retryAfter(run::Code::unreachable);
  auto longest = 0ms;
  for (int i = 0; i < 20; ++i) {
    reconnector.cameOnline(now);
    longest = std::max(longest, retryAfter(run::Code::connectionLost));
  }
  EXPECT_GT(longest, 20s);
}

TEST_F(ReconnectorTest, asksRarelyWhereSomebodyHasToChangeAConfiguration) {
  reconnector.start(now);
  for (const auto code : {run::Code::notAuthenticated, run::Code::invalidConfig}) EXPECT_GE(retryAfter(code), 30s);
}

TEST_F(ReconnectorTest, doesNothingOnceStopped) {
  goOnline();
  reconnector.stop();
  EXPECT_FALSE(reconnector.online());
  EXPECT_FALSE(reconnector.nextDeadline());
  EXPECT_EQ(name(reconnector.closed({}, now)), "nothing");
  reconnector.heard(now);
  EXPECT_EQ(tickAt(now + 24h), "nothing");
}

TEST_F(ReconnectorTest, ignoresWhatAStreamSaysThatHasEnded) {
  goOnline();
  EXPECT_EQ(name(reconnector.closed({}, now)), "close");
  EXPECT_EQ(name(reconnector.closed({}, now)), "nothing");
  reconnector.cameOnline(now);
  EXPECT_FALSE(reconnector.online());
}

}  // namespace
}  // namespace beckon::xmpp
