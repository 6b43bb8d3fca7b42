#include "localbus/direct_method.hpp"

#include "localbus/statistics.hpp"
#include "tests/localbus/sample.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Calls of a service in the same process: by pointer where the types are the same, and otherwise, and in all that a
// caller can tell, as over a socket.
namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using test::SampleBus;
using test::tuple;
using testing::ElementsAre;

constexpr std::uint32_t extraService = 8;

// The sample, reached within the process and over a socket, and a service that tells more of how it is called.
class WithinTheProcess : public testing::Test {
 protected:
  WithinTheProcess() {
    ObjectBuilder builder;
    builder.method("where", [this](qi::Bytes bytes) {
      seen = bytes.data();
      return bytes;
    });
    builder.method("ring", [this](std::int32_t number) {
      (*rung)(number);
      return number;
    });
    builder.method("throw", []() -> std::int32_t { throw std::runtime_error("deliberate"); });
    builder.method("leave", [this] {
      bus.host.remove(extraService);
      return std::string("gone");
    });
    builder.method("hangUp", [this] { ends.second->close({Code::connectionLost, "hung up", {}}); });
    rung.emplace(builder.signal<std::int32_t>("rung"));
    bus.host.add(extraService, qi::mainObject, builder.build());
  }
  ~WithinTheProcess() override { ends.first->close({Code::connectionLost, "the test ends", {}}); }

  std::shared_ptr<RemoteObject> open(std::uint32_t service, const std::string& name) {
    return bus.loop.await(RemoteObject::open(ends.first, service, name)).value();
  }
  template <class Signature>
  static Method<Signature> method(const std::shared_ptr<RemoteObject>& object, const std::string& name) {
    return object->method<Signature>(name).value();
  }
  template <class R>
  Result<R> await(awaitable<Result<R>> call) {
    return bus.loop.await(std::move(call));
  }
  // Runs a coroutine that throws nothing.
  void run(awaitable<Result<>> body) { ASSERT_TRUE(bus.loop.await(std::move(body))); }

  // Whether anything else ran on the loop before the answer was there.
  template <class Call, class... Args>
  bool takesATurn(Call call, Args... args) {
    bool turned = false, turnedBefore = false;
    const auto body = [&]() -> awaitable<Result<>> {
      asio::post(bus.loop.io, [&] { turned = true; });
      auto calling = call(args...);
      const auto answer = co_await std::move(calling);
      EXPECT_TRUE(answer);
      turnedBefore = turned;
      co_await asio::post(bus.loop.io, asio::use_awaitable);
      co_return Result<>();
    };
    run(body());
    return turnedBefore;
  }

  SampleBus bus;
  std::pair<std::shared_ptr<Connection>, std::shared_ptr<Connection>> ends =
      Connection::pair(bus.loop.io.get_executor(), nullptr, &bus.host, bus.log);
  std::shared_ptr<RemoteObject> near = open(sampleId(), "Sample");
  std::shared_ptr<RemoteObject> far = bus.open();
  const std::uint8_t* seen = nullptr;  // where the bytes stood that the service got
  std::optional<SignalHandle<std::int32_t>> rung;

  static constexpr std::uint32_t sampleId() { return test::sampleService; }
};

TEST_F(WithinTheProcess, argumentsAndResultsAreHandedOverNotCopied) {
  const auto where = method<qi::Bytes(qi::Bytes)>(open(extraService, "Extra"), "where");
  qi::Bytes bytes(1'000'000, 7);
  const auto* given = bytes.data();
  const auto back = await(where(std::move(bytes))).value();
  EXPECT_EQ(seen, given);
  EXPECT_EQ(back.data(), given);
}

TEST_F(WithinTheProcess, aCallTakesNoTurnOfTheLoop) {
  EXPECT_FALSE(takesATurn(method<int(int, int)>(near, "add"), 2, 40));
  EXPECT_TRUE(takesATurn(method<int(int, int)>(far, "add"), 2, 40));
}

TEST_F(WithinTheProcess, aLoopOfCallsStarvesNobody) {
  const auto add = method<int(int, int)>(near, "add");
  bool stop = false;
  asio::post(bus.loop.io, [&] { asio::post(bus.loop.io, [&] { stop = true; }); });
  std::uint32_t calls = 0;
  run([](auto call, const bool& isOver, std::uint32_t& count) -> awaitable<Result<>> {
    for (; !isOver && count < 100 * Connection::callsInARow; ++count) co_await call(1, 1);
    co_return Result<>();
  }(add, stop, calls));
  EXPECT_GE(calls, Connection::callsInARow - 1);
  EXPECT_LT(calls, 10 * Connection::callsInARow);
}

TEST_F(WithinTheProcess, aCallDoesNotOvertakeAPost) {
  const auto extra = open(extraService, "Extra");
  std::vector<std::string> order;
  ObjectBuilder builder;
  builder.method("note", [&](const std::string& text) { order.push_back(text); });
  bus.host.add(9, qi::mainObject, builder.build());
  const auto notes = open(9, "Notes");
  const auto note = method<void(std::string)>(notes, "note");
  run([](auto object, auto call) -> awaitable<Result<>> {
    const auto posted = object->post("note", tuple(std::string("posted")));
    if (!posted) co_return posted.error();
    co_return co_await call("called");
  }(notes, note));
  EXPECT_THAT(order, ElementsAre("posted", "called"));
}

TEST_F(WithinTheProcess, aPostDoesNotRunInsideItsCaller) {
  ASSERT_TRUE(near->post("nothing", tuple()));
  EXPECT_EQ(bus.sample.nothings, 0);
  EXPECT_TRUE(bus.loop.runUntil([&] { return bus.sample.nothings == 1; }));
}

TEST_F(WithinTheProcess, aCallWithAHandlerDoesNotRunInsideItsCaller) {
  bool answered = false;
  method<void()>(near, "nothing").call(5s, [&](Result<> result) { answered = result.has_value(); });
  EXPECT_EQ(bus.sample.nothings, 0);
  EXPECT_FALSE(answered);
  EXPECT_TRUE(bus.loop.runUntil([&] { return answered; }));
  EXPECT_EQ(bus.sample.nothings, 1);
}

TEST_F(WithinTheProcess, anEventOfTheCallComesBeforeItsAnswer) {
  const auto extra = open(extraService, "Extra");
  std::vector<std::string> order;
  const auto subscription =
      bus.loop.await(extra->subscribe("rung", [&](const qi::Value&) { order.push_back("event"); })).value();
  const auto ring = method<int(int)>(extra, "ring");
  run([](auto call, auto& told) -> awaitable<Result<>> {
    const auto answer = co_await call(5);
    EXPECT_EQ(answer.value(), 5);
    told.push_back("answer");
    co_return Result<>();
  }(ring, order));
  EXPECT_THAT(order, ElementsAre("event", "answer"));
}

TEST_F(WithinTheProcess, waitingForEventsIsNotTakenForAnAnswerToACall) {
  const auto extra = open(extraService, "Extra");
  const auto subscription = bus.loop.await(extra->subscribe("rung", [](const qi::Value&) {})).value();
  const auto ring = method<int(int)>(extra, "ring");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(await(ring(i)).value(), i);
  EXPECT_EQ(qi::fromValue<int>(await(extra->call("ring", tuple(5))).value()).value(), 5);
}

// Resumed by the first of two events that came together, a caller does not get ahead of the second.
TEST_F(WithinTheProcess, aCallOutOfAnEventDoesNotOvertakeTheNextEvent) {
  std::vector<std::string> order;
  const auto add = method<int(int, int)>(near, "add");
  const auto caller = [](auto call, auto& told) -> awaitable<void> {
    co_await call(1, 1);
    told.push_back("answer");
  };
  const auto subscription =
      bus.loop
          .await(near->subscribe("ticked",
                                 [&](const qi::Value&) {
                                   order.push_back("event");
                                   if (order.size() == 1)
                                     asio::co_spawn(bus.loop.io, caller(add, order), asio::detached);
                                 }))
          .value();
  (*bus.sample.ticked)(1, "a");
  (*bus.sample.ticked)(2, "b");
  ASSERT_TRUE(bus.loop.runUntil([&] { return order.size() == 3; }));
  EXPECT_THAT(order, ElementsAre("event", "event", "answer"));
}

TEST_F(WithinTheProcess, errorsAreThoseOfASocket) {
  const auto [ofNear, ofFar] = std::pair(method<int()>(near, "fail"), method<int()>(far, "fail"));
  const auto here = await(ofNear()).error(), there = await(ofFar()).error();
  EXPECT_EQ(here.code, Code::callFailed);
  EXPECT_EQ(here.cause, "deliberate failure");
  EXPECT_EQ(std::tie(here.code, here.cause, here.nextStep), std::tie(there.code, there.cause, there.nextStep));
}

TEST_F(WithinTheProcess, aMethodThatThrowsGivesNoAnswer) {
  const auto extra = open(extraService, "Extra");
  const auto thrown = await(method<int()>(extra, "throw")()).error();
  EXPECT_EQ(thrown.code, Code::callFailed);
  EXPECT_EQ(thrown.cause, "the service gave no answer");
  const auto overASocket =
      bus.loop.await(RemoteObject::open(far->connection(), extraService, "Extra")).value()->method<int()>("throw");
  EXPECT_EQ(await(overASocket.value()()).error().cause, thrown.cause);
}

TEST_F(WithinTheProcess, theMethodIsToldWhoCalls) {
  const auto who = await(method<std::uint64_t()>(near, "who")()).value();
  EXPECT_EQ(who, ends.second->id());
  EXPECT_EQ(qi::fromValue<std::uint64_t>(await(near->call("who", tuple())).value()).value(), who);
}

TEST_F(WithinTheProcess, aCallIsSeenByStatistics) {
  const auto add = method<int(int, int)>(near, "add");
  ASSERT_TRUE(await(near->call("enableStats", tuple(true))));
  ASSERT_TRUE(await(add(2, 40)));
  const auto stats =
      qi::fromValue<std::map<std::uint32_t, MethodStatistics>>(await(near->call("stats", tuple())).value());
  EXPECT_EQ(stats.value().at(bus.sample.ids.add).count, 1u);
}

TEST_F(WithinTheProcess, aCallIsSeenByTheTrace) {
  std::vector<std::int32_t> kinds;
  const auto subscription =
      bus.loop
          .await(near->subscribe("traceObject",
                                 [&](const qi::Value& event) {
                                   kinds.push_back(
                                       std::get<0>(qi::fromValue<std::tuple<EventTrace>>(event).value()).kind);
                                 }))
          .value();
  EXPECT_EQ(await(method<int(int, int)>(near, "add")(2, 40)).value(), 42);
  ASSERT_TRUE(bus.loop.runUntil([&] { return kinds.size() == 2; }));
  EXPECT_THAT(kinds, ElementsAre(EventTrace::call, EventTrace::result));
}

TEST_F(WithinTheProcess, anObjectThatIsGoneAnswersAsOverASocket) {
  const auto [ofNear, ofFar] = std::pair(method<int(int, int)>(near, "add"), method<int(int, int)>(far, "add"));
  bus.host.remove(test::sampleService);
  const auto here = await(ofNear(2, 40)).error(), there = await(ofFar(2, 40)).error();
  EXPECT_EQ(here.code, Code::callFailed);
  EXPECT_EQ(std::tie(here.code, here.cause), std::tie(there.code, there.cause));
}

TEST_F(WithinTheProcess, anotherObjectUnderTheSameNumberIsNotCalledThroughTheOldOne) {
  const auto hello = method<std::string(std::string)>(near, "hello");
  ObjectBuilder builder;
  for (int i = 0; i < 2; ++i) builder.method("hello", [](const std::string&) { return std::string("another"); });
  bus.host.add(test::sampleService, qi::mainObject, builder.build());
  EXPECT_EQ(await(hello("you")).value(), "another");
}

TEST_F(WithinTheProcess, aClosedConnectionTakesNoCalls) {
  const auto add = method<int(int, int)>(near, "add");
  ends.first->close({Code::connectionLost, "closed", {}});
  EXPECT_EQ(await(add(2, 40)).error().code, Code::connectionLost);
}

TEST_F(WithinTheProcess, aMethodMayRemoveItsOwnObject) {
  EXPECT_EQ(await(method<std::string()>(open(extraService, "Extra"), "leave")()).value(), "gone");
}

TEST_F(WithinTheProcess, aMethodThatEndsTheConnectionLeavesNoAnswer) {
  EXPECT_EQ(await(method<void()>(open(extraService, "Extra"), "hangUp")()).error().code, Code::connectionLost);
}

TEST_F(WithinTheProcess, otherTypesAreConverted) {
  const auto add = method<std::int64_t(std::int8_t, double)>(near, "add");
  EXPECT_EQ(await(add(2, 40.0)).value(), 42);
}

TEST_F(WithinTheProcess, valuesThatMayHoldObjectsGoByMessage) {
  const auto same = method<qi::Value(qi::Value)>(near, "same");
  EXPECT_EQ(qi::fromValue<int>(await(same(qi::dynamic(5))).value()).value(), 5);
  EXPECT_TRUE(takesATurn(same, qi::dynamic(5)));
}

TEST_F(WithinTheProcess, aLateAnswerMeetsItsDeadlineOrItsCaller) {
  std::optional<Result<int>> answer;
  const auto later = method<int(int)>(near, "later");
  later.call(
      60ms, [&](Result<int> result) { answer = std::move(result); }, 3);
  ASSERT_TRUE(bus.loop.runUntil([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, Code::timedOut);
  answer.reset();
  later.call(
      5s, [&](Result<int> result) { answer = std::move(result); }, 3);
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.waiting.size() == 2; }));
  bus.sample.waiting.back().first(30);
  ASSERT_TRUE(bus.loop.runUntil([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value(), 30);
}

}  // namespace
}  // namespace beckon::localbus
