#include "remote/many.hpp"

#include "core/qi/convert.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace beckon::remote {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Lt;

// Robots that answer when a test says so.
class AskMany : public testing::Test {
 protected:
  void start(std::vector<std::string> robots, std::chrono::milliseconds time, std::size_t atOnce) {
    Many many{.robots = std::move(robots), .time = time, .atOnce = atOnce, .ask = {}, .told = {}};
    many.ask = [this](std::string robot) -> boost::asio::awaitable<run::Result<qi::Value>> {
      auto& timer = asked.try_emplace(robot, io, boost::asio::steady_timer::time_point::max()).first->second;
      mostAtOnce = std::max(mostAtOnce, ++underWay);
      co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      --underWay;
      if (refuses.contains(robot)) co_return refuses.at(robot);
      co_return qi::toValue(robot + " says so");
    };
    many.told = [this](const std::string& robot, const run::Result<qi::Value>& result) {
      order.push_back(robot);
      told.emplace(robot, result);
    };
    boost::asio::co_spawn(io, askMany(io.get_executor(), std::move(many)),
                          [this](std::exception_ptr) { isOver = true; });
  }
  bool wasAsked(const std::string& robot) {
    return test::runUntil(io, [&] { return asked.contains(robot); });
  }
  void answers(const std::string& robot) {
    asked.at(robot).cancel();
    ASSERT_TRUE(test::runUntil(io, [&] { return told.contains(robot); }));
  }

  boost::asio::io_context io;
  std::map<std::string, boost::asio::steady_timer> asked;
  std::map<std::string, run::Error> refuses;
  std::map<std::string, run::Result<qi::Value>> told;
  std::vector<std::string> order;
  int underWay = 0, mostAtOnce = 0;
  bool isOver = false;
};

TEST_F(AskMany, tellsOfEachAsItAnswersAndEndsWithTheLast) {
  refuses.emplace("b", run::Error{run::Code::refused, "not you", "ask"});
  start({"a", "b", "c"}, 30s, 32);
  ASSERT_TRUE(wasAsked("c"));
  for (const auto* robot : {"c", "b"}) answers(robot);
  EXPECT_FALSE(isOver);
  answers("a");
  EXPECT_TRUE(test::runUntil(io, [this] { return isOver; }));
  EXPECT_THAT(order, ElementsAre("c", "b", "a"));
  EXPECT_EQ(qi::fromValue<std::string>(told.at("a").value()).value(), "a says so");
  EXPECT_EQ(told.at("b").error().cause, "not you");
}

TEST_F(AskMany, asksNoMoreAtOnceThanItMay) {
  start({"a", "b", "c", "d", "e"}, 30s, 2);
  for (const auto* robot : {"a", "b", "c", "d", "e"}) {
    ASSERT_TRUE(wasAsked(robot));
    answers(robot);
  }
  EXPECT_TRUE(test::runUntil(io, [this] { return isOver; }));
  EXPECT_EQ(mostAtOnce, 2);
}

TEST_F(AskMany, namesThoseThatDoNotAnswerAndThoseWhoseTurnDidNotComeWhenItsTimeIsOver) {
  const auto begin = std::chrono::steady_clock::now();
  start({"well", "frozen", "mute", "last"}, 200ms, 2);
  ASSERT_TRUE(wasAsked("frozen"));
  answers("well");
  ASSERT_TRUE(wasAsked("mute"));
  ASSERT_TRUE(test::runUntil(io, [this] { return isOver; }));
  EXPECT_THAT(std::chrono::steady_clock::now() - begin, AllOf(Ge(200ms), Lt(10s)));
  EXPECT_TRUE(told.at("well"));
  for (const auto* robot : {"frozen", "mute"}) {
    EXPECT_EQ(told.at(robot).error().code, run::Code::timedOut);
    EXPECT_EQ(told.at(robot).error().cause, "the robot did not answer within 1 s");
  }
  EXPECT_THAT(told.at("last").error().cause, HasSubstr("it was not asked"));
  // An answer that comes after all is not told, and nobody else is asked.
  asked.at("frozen").cancel();
  ASSERT_TRUE(test::runUntil(io, [this] { return underWay == 1; }));
  io.poll();
  EXPECT_EQ(order.size(), 4U);
  EXPECT_FALSE(asked.contains("last"));
}

TEST_F(AskMany, endsAtOnceWhereNobodyIsNamed) {
  start({}, 30s, 2);
  EXPECT_TRUE(test::runUntil(io, [this] { return isOver; }));
}

}  // namespace
}  // namespace beckon::remote
