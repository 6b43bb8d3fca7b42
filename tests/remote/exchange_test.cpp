#include "remote/exchange.hpp"

#include "tests/remote/fleet_fixture.hpp"

namespace beckon::remote {
namespace {

using run::Code;

class ExchangeTest : public FleetTest {};

TEST_F(ExchangeTest, asksTheRobotWhereItIsAndGivesThePayload) {
  comes("nao1@x/beckond");
  const auto answered = ask({.payload = rpc::servicesRequest(), .time = 10s});
  ASSERT_TRUE(asked(1));
  EXPECT_EQ(requests[0].attribute("to"), "nao1@x/beckond");
  EXPECT_EQ(requests[0].attribute("type"), "get");
  EXPECT_EQ(payload(0), rpc::servicesRequest());  // what changes nothing needs no id and no clock
  EXPECT_EQ(clocksAsked, 0);
  answer(requests[0], rpc::servicesResult({"A"}));
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  EXPECT_EQ(rpc::readServices((*answered)->value())->size(), 1u);
}

TEST_F(ExchangeTest, givesAChangeAnIdAndFiveSecondsForTheWay) {
  comes("nao1@x/beckond");
  call();
  call();
  ASSERT_TRUE(asked(2));
  const auto first = rpc::Once::read(payload(0)).value(), second = rpc::Once::read(payload(1)).value();
  EXPECT_FALSE(first.id.empty());
  EXPECT_NE(first.id, second.id);
  ASSERT_TRUE(first.expires);
  EXPECT_EQ(first.expires->start, "run");
  EXPECT_GE(first.expires->time, 1000000ms + Exchanges::travelTime);
  EXPECT_LE(first.expires->time, 1000000ms + Exchanges::travelTime + 5s);
}

TEST_F(ExchangeTest, asksForTheClockOnceForEachArrival) {
  comes("nao1@x/beckond");
  call();
  ASSERT_TRUE(asked(1));
  call();
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(clocksAsked, 1);
  goes("nao1@x/beckond");
  comes("nao1@x/beckond");
  call();
  ASSERT_TRUE(asked(5));  // the two that were under way, again
  EXPECT_EQ(clocksAsked, 2);
}

TEST_F(ExchangeTest, asksAgainWithTheSameIdWhenOurConnectionWasLost) {
  comes("nao1@x/beckond");
  const auto answered = call();
  ASSERT_TRUE(asked(1));
  cut();
  comeOnline();
  EXPECT_FALSE(answered->has_value());
  comes("nao1@x/beckond");
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(payload(0), payload(1));  // id and expires as they were
  EXPECT_NE(requests[0].attribute("id"), requests[1].attribute("id"));
  answer(requests[1], done());
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  EXPECT_TRUE(**answered);
}

TEST_F(ExchangeTest, asksAgainWhenTheRobotWasAwayAndTakesWhicheverAnswerComes) {
  comes("nao1@x/beckond");
  const auto answered = call();
  ASSERT_TRUE(asked(1));
  goes("nao1@x/beckond");
  comes("nao1@x/elsewhere");
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(requests[1].attribute("to"), "nao1@x/elsewhere");
  answer(requests[0], done());
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  EXPECT_TRUE(**answered);
  answer(requests[1], done());
}

TEST_F(ExchangeTest, waitsForARobotThatWentAMomentBeforeItsPresence) {
  comes("nao1@x/beckond");
  const auto answered = call();
  ASSERT_TRUE(asked(1));
  goes("nao1@x/beckond");
  comes("nao1@x/beckond");
  ASSERT_TRUE(asked(2));
  refuse(requests[1], xmpp::serviceUnavailable);  // the server, since it has just gone again
  goes("nao1@x/beckond");
  comes("nao1@x/beckond");
  ASSERT_TRUE(asked(3));
  answer(requests[2], done());
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  EXPECT_TRUE(**answered);
}

// Not with each request: an attribute costs both servers and both ends time.
TEST_F(ExchangeTest, tellsTheRobotByTheDozenWhichAnswersHaveArrived) {
  comes("nao1@x/beckond");
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 12; ++i) {
    const auto answered = call();
    ASSERT_TRUE(asked(i + 1));
    const auto once = rpc::Once::read(payload(i));
    EXPECT_TRUE(once->answered.empty());
    ids.push_back(once->id);
    answer(requests[i], done());
    ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  }
  call();
  ASSERT_TRUE(asked(13));
  EXPECT_EQ(rpc::Once::read(payload(12))->answered, ids);
  call();
  ASSERT_TRUE(asked(14));
  EXPECT_TRUE(rpc::Once::read(payload(13))->answered.empty());  // told once
}

TEST_F(ExchangeTest, givesTheRobotsErrorAsItIs) {
  comes("nao1@x/beckond");
  const auto answered = call();
  ASSERT_TRUE(asked(1));
  refuse(requests[0], xmpp::StanzaError::from({Code::tooLate, "too late, and not done", "ask again"}));
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  EXPECT_EQ((*answered)->error().code, Code::tooLate);
  EXPECT_EQ((*answered)->error().cause, "too late, and not done");
  EXPECT_EQ(requests.size(), 1u);
}

TEST_F(ExchangeTest, saysAtOnceThatARobotIsNotThereOnceTheServerHasTold) {
  goes("nao1@x");
  const auto begun = std::chrono::steady_clock::now();
  const auto answered = call();
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  EXPECT_EQ((*answered)->error().code, Code::unknownRobot);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 400ms);  // the patience of this test is 500 ms
}

TEST_F(ExchangeTest, waitsForPresenceAsLongAsItsPatienceAllows) {
  const auto answered = call();
  io.poll();
  EXPECT_FALSE(answered->has_value());
  comes("nao1@x/beckond");
  ASSERT_TRUE(asked(1));
  const auto other = ask({.payload = rpc::servicesRequest(), .time = 10s}, "nao2");
  ASSERT_TRUE(runUntil(io, [&] { return other->has_value(); }));
  EXPECT_EQ((*other)->error().code, Code::unknownRobot);
}

TEST_F(ExchangeTest, saysSameOfARobotThatDoesNotKnowUs) {
  comes("nao1@x/beckond");
  const auto answered = ask({.payload = rpc::servicesRequest(), .time = 10s});
  ASSERT_TRUE(asked(1));
  refuse(requests[0], xmpp::serviceUnavailable);
  goes("nao2@x");
  const auto absent = ask({.payload = rpc::servicesRequest(), .time = 10s}, "nao2");
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value() && absent->has_value(); }));
  EXPECT_EQ((*answered)->error().code, Code::unknownRobot);
  EXPECT_EQ((*answered)->error().nextStep, (*absent)->error().nextStep);
}

TEST_F(ExchangeTest, failsWhatIsAskedWhenItIsClosed) {
  comes("nao1@x/beckond");
  const auto answered = call();
  ASSERT_TRUE(asked(1));
  exchanges->close();
  ASSERT_TRUE(runUntil(io, [&] { return answered->has_value(); }));
  EXPECT_EQ((*answered)->error().code, Code::connectionLost);
}

}  // namespace
}  // namespace beckon::remote
