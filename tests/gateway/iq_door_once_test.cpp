// Requests that change something: never twice, never late.
#include "tests/gateway/iq_door_fixture.hpp"

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class IqDoorOnceTest : public IqDoorTest {
 protected:
  IqDoorOnceTest() { open({"owner@x", "other@x"}); }

  rpc::Moment clock() { return rpc::readClock(result("get", rpc::clockRequest())).value(); }
  std::string codeOf(const Element& body, const std::string& from = owner) {
    return StanzaError::read(ask(from, "set", body)).code;
  }
};

TEST_F(IqDoorOnceTest, carriesARepeatedCallOutOnceAndAnswersItAgain) {
  const auto request = call("Speech", "echo", "[\"hi\"]").set("id", "c1");
  EXPECT_EQ(result("set", request).text, "\"hi\"");
  EXPECT_EQ(result("set", request).text, "\"hi\"");
  EXPECT_EQ(result("set", request, "owner@x/another").text, "\"hi\"");  // an account, not a resource
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(result("set", request, "other@x/phone").text, "\"hi\"");
  EXPECT_EQ(calls, 2);
}

TEST_F(IqDoorOnceTest, letsARepeatWaitForACallThatIsUnderWay) {
  const auto body = call("Speech", "later").set("id", "c1");
  const auto first = request(owner, "set", {body});
  ASSERT_TRUE(bus.runUntil([&] { return waiting.size() == 1; }));
  const auto second = request(owner, "set", {body});
  EXPECT_EQ(result("set", call("Speech", "echo", "[\"x\"]")).text, "\"x\"");
  EXPECT_FALSE(answerTo(second));
  waiting.front()(7);
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(first) && answerTo(second); }));
  EXPECT_EQ(answerTo(second)->child("call", rpc::ns)->text, "7");
  EXPECT_EQ(waiting.size(), 1u);
}

TEST_F(IqDoorOnceTest, answersARepeatOnTheStreamThatCameAfterTheFirst) {
  const auto body = call("Speech", "later").set("id", "c1");
  request(owner, "set", {body});
  ASSERT_TRUE(bus.runUntil([&] { return waiting.size() == 1; }));
  server->close(run::Code::connectionLost, "cut");
  ASSERT_TRUE(bus.runUntil([&] { return static_cast<bool>(server->events.online); }));
  comeOnline();
  const auto second = request(owner, "set", {body});
  bus.io.poll();
  waiting.front()(7);
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(second) != nullptr; }));
  EXPECT_EQ(answerTo(second)->child("call", rpc::ns)->text, "7");
  EXPECT_EQ(waiting.size(), 1u);
}

TEST_F(IqDoorOnceTest, repeatsAFailureToo) {
  const auto request = call("Speech", "fail").set("id", "c1");
  EXPECT_EQ(codeOf(request), "call-failed");
  EXPECT_EQ(codeOf(request), "call-failed");
  EXPECT_EQ(calls, 1);
}

TEST_F(IqDoorOnceTest, doesAPostAndAPropertyOnceToo) {
  const auto posted = payload("post", "[\"x\"]").set("service", "Speech").set("method", "say").set("id", "p1");
  result("set", posted);
  result("set", posted);
  const auto set = rpc::setRequest({"Speech", "volume"}, "0.25").set("id", "s1");
  EXPECT_EQ(result("set", set).name, "property");
  volume->set(0.75f);
  EXPECT_EQ(result("set", set).name, "property");
  EXPECT_EQ(volume->get(), 0.75f);
  ASSERT_TRUE(bus.runUntil([&] { return !said.empty(); }));
  EXPECT_EQ(result("set", call("Speech", "echo", "[\"y\"]")).text, "\"y\"");
  EXPECT_THAT(said, ElementsAre("x"));
}

TEST_F(IqDoorOnceTest, forgetsWhatWasAnswered) {
  const auto request = call("Speech", "echo", "[\"hi\"]").set("id", "c1");
  result("set", request);
  result("set", call("Speech", "echo", "[\"hi\"]").set("id", "c2").set("answered", "c0 c1"));
  result("set", request);  // of a caller that breaks its word
  EXPECT_EQ(calls, 3);
}

TEST_F(IqDoorOnceTest, tellsItsClock) {
  const auto first = clock(), second = clock();
  EXPECT_FALSE(first.start.empty());
  EXPECT_EQ(first.start, second.start);
  EXPECT_LE(first.time, second.time);
}

TEST_F(IqDoorOnceTest, doesNotCarryOutWhatComesTooLate) {
  auto expires = clock();
  ASSERT_TRUE(bus.runUntil([&] { return clock().time > expires.time; }));
  const auto with = [&](std::chrono::milliseconds from) {
    auto moment = expires;
    moment.time += from;
    return call("Speech", "say", "[\"x\"]").set("expires", moment.text());
  };
  EXPECT_EQ(codeOf(with(0ms)), "too-late");
  EXPECT_EQ(result("set", with(30s)).name, "call");
  EXPECT_EQ(codeOf(with(120s)), "bad-arguments");
  expires.start = "another";
  EXPECT_EQ(codeOf(with(30s)), "too-late");
  EXPECT_EQ(codeOf(call("Speech", "say", "[\"x\"]").set("expires", "soon")), "bad-arguments");
  EXPECT_EQ(said.size(), 1u);
}

TEST_F(IqDoorOnceTest, answersARepeatThatExpiredMeanwhile) {
  auto expires = clock();
  expires.time += 100ms;
  const auto request = call("Speech", "echo", "[\"hi\"]").set("id", "c1").set("expires", expires.text());
  EXPECT_EQ(result("set", request).text, "\"hi\"");
  ASSERT_TRUE(bus.runUntil([&] { return clock().time > expires.time; }));
  EXPECT_EQ(result("set", request).text, "\"hi\"");
  EXPECT_EQ(calls, 1);
}

TEST_F(IqDoorOnceTest, refusesAnIdThatIsEmptyOrTooLong) {
  EXPECT_EQ(codeOf(call("Speech", "say", "[\"x\"]").set("id", "")), "protocol-error");
  EXPECT_EQ(codeOf(call("Speech", "say", "[\"x\"]").set("id", std::string(65, 'x'))), "bad-arguments");
  EXPECT_TRUE(said.empty());
}

TEST_F(IqDoorOnceTest, saysThatTheBusIsNotThere) {
  xmppRequests->use(nullptr);
  const auto error = refusal("get", rpc::servicesRequest());
  EXPECT_EQ(error.code, "unreachable");
  EXPECT_THAT(error.text, HasSubstr("bus"));
  xmppRequests->use(inside);
  EXPECT_EQ(rpc::readServices(result("get", rpc::servicesRequest())).value().size(), 2u);
}

}  // namespace
}  // namespace beckon::gateway
