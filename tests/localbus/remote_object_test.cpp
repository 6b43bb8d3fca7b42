#include "localbus/remote_object.hpp"

#include "tests/localbus/sample.hpp"

#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using run::Code;
using run::Error;
using test::SampleBus;
using test::tuple;

class RemoteObjectTest : public testing::Test {
 protected:
  template <class... Args>
  run::Result<qi::Value> call(const std::string& method, const Args&... args) {
    return bus.loop.await(object->call(method, tuple(args...), 5s));
  }
  SampleBus bus;
  std::shared_ptr<RemoteObject> object = bus.open();
};

TEST_F(RemoteObjectTest, callsByName) {
  EXPECT_EQ(qi::fromValue<int>(call("add", 2, 40).value()).value(), 42);
  EXPECT_EQ(qi::fromValue<std::string>(call("hello", std::string("you")).value()).value(), "hello you");
  EXPECT_TRUE(call("nothing").value().as<qi::Void>());
}

TEST_F(RemoteObjectTest, takesTheOverloadThatFits) {
  EXPECT_EQ(qi::fromValue<std::string>(call("add", std::string("a"), std::string("b")).value()).value(), "ab");
  EXPECT_EQ(qi::fromValue<int>(call("add::(ii)", 1, 2).value()).value(), 3);
  EXPECT_EQ(call("add::(ss)", 1, 2).error().code, Code::badArguments);
}

TEST_F(RemoteObjectTest, convertsArguments) {
  EXPECT_EQ(qi::fromValue<int>(call("add", 2.0, std::int64_t{40}).value()).value(), 42);
}

TEST_F(RemoteObjectTest, saysWhatIsWrongWithTheArguments) {
  const auto tooFew = call("hello").error();
  EXPECT_EQ(tooFew.code, Code::badArguments);
  EXPECT_EQ(tooFew.cause, "too few arguments: 0 given, 1 wanted");
  EXPECT_EQ(tooFew.nextStep, "call Sample.hello(s)");
  EXPECT_EQ(call("hello", std::string("a"), 1).error().cause, "too many arguments: 2 given, 1 wanted");
  const auto mistyped = call("hello", 3).error();
  EXPECT_EQ(mistyped.code, Code::badArguments);
  EXPECT_EQ(mistyped.cause.substr(0, 12), "argument 1: ");
}

TEST_F(RemoteObjectTest, saysWhatThereIsInsteadOfAnUnknownMember) {
  const auto method = call("sing").error();
  EXPECT_EQ(method.code, Code::unknownMember);
  EXPECT_EQ(method.cause, "Sample has no method \"sing\"");
  EXPECT_EQ(method.nextStep, "its methods: add, big, fail, forget, hello, later, nothing, same, size, who");
  EXPECT_EQ(bus.loop.await(object->property("nope")).error().nextStep, "its properties: level");
  EXPECT_EQ(bus.loop.await(object->setProperty("nope", 1)).error().nextStep, "its properties: level");
  EXPECT_EQ(bus.loop.await(object->subscribe("nope", {})).error().nextStep, "its signals: blob, level, ticked");
}

TEST_F(RemoteObjectTest, tellsTheServicesOwnError) {
  const auto error = call("fail").error();
  EXPECT_EQ(error.code, Code::callFailed);
  EXPECT_EQ(error.cause, "Sample answered: deliberate failure");
  EXPECT_EQ(error.nextStep, "list its members with the verb info");
}

TEST_F(RemoteObjectTest, saysThatTheServiceDidNotAnswerInTime) {
  const auto error = bus.loop.await(object->call("later", tuple(1), 60ms)).error();
  EXPECT_EQ(error.code, Code::timedOut);
  EXPECT_EQ(error.cause, "Sample did not answer before the deadline");
}

TEST_F(RemoteObjectTest, saysThatTheServiceEndedInMidCall) {
  std::optional<run::Result<qi::Value>> result;
  boost::asio::co_spawn(bus.loop.io, object->call("later", tuple(1), 5s),
                        [&](std::exception_ptr, run::Result<qi::Value> value) { result.emplace(std::move(value)); });
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.waiting.size() == 1; }));
  bus.listener.stop();
  ASSERT_TRUE(bus.loop.runUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->error().code, Code::serviceGone);
  EXPECT_EQ(result->error().cause.substr(0, 32), "Sample ended before it answered ");
  EXPECT_EQ(call("nothing").error().code, Code::serviceGone);
}

TEST_F(RemoteObjectTest, saysThatThereIsNoSuchService) {
  const auto result = bus.loop.await(RemoteObject::open(bus.connect(), 999, "Ghost"));
  EXPECT_EQ(result.error().code, Code::callFailed);
  EXPECT_EQ(result.error().cause, "Ghost answered: The call request could not be handled.");
}

TEST_F(RemoteObjectTest, callsTypedMethods) {
  const auto add = object->method<int(int, int)>("add").value();
  EXPECT_EQ(bus.loop.await(add(2, 40)).value(), 42);
  const auto addText = object->method<std::string(std::string, std::string)>("add").value();
  EXPECT_EQ(bus.loop.await(addText("a", "b")).value(), "ab");
  EXPECT_TRUE(bus.loop.await(object->method<void()>("nothing").value()()));
  EXPECT_EQ(bus.loop.await(object->method<int()>("fail").value()()).error().cause, "deliberate failure");
}

TEST_F(RemoteObjectTest, refusesTypedMethodsOfOtherTypes) {
  const auto wrong = object->method<int(double)>("hello");
  EXPECT_EQ(wrong.error().code, Code::badArguments);
  EXPECT_EQ(wrong.error().cause, "Sample has no hello::i(d)");
  EXPECT_EQ(object->method<void()>("sing").error().code, Code::unknownMember);
}

TEST_F(RemoteObjectTest, posts) {
  EXPECT_TRUE(object->post("nothing", tuple()));
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.nothings == 1; }));
  EXPECT_EQ(object->post("hello", tuple(1)).error().code, Code::badArguments);
}

TEST_F(RemoteObjectTest, readsAndSetsProperties) {
  EXPECT_EQ(qi::fromValue<int>(bus.loop.await(object->property("level")).value()).value(), 1);
  EXPECT_TRUE(bus.loop.await(object->setProperty("level", 7.0)));
  EXPECT_EQ(bus.sample.level->get(), 7);
  EXPECT_EQ(bus.loop.await(object->setProperty("level", 101)).error().cause, "Sample answered: the level ends at 100");
  EXPECT_EQ(bus.loop.await(object->setProperty("level", std::string("x"))).error().code, Code::badArguments);
}

TEST_F(RemoteObjectTest, sharesOneRegistrationAmongSubscriptions) {
  std::vector<std::string> heard;
  const auto subscribe = [&](const std::string& name) {
    return bus.loop
        .await(object->subscribe("ticked",
                                 [&heard, name](const qi::Value& event) {
                                   heard.push_back(
                                       name + std::get<1>(qi::fromValue<std::tuple<int, std::string>>(event).value()));
                                 }))
        .value();
  };
  auto one = subscribe("one:"), other = subscribe("other:");
  EXPECT_EQ(bus.sample.object->subscriberCount(bus.sample.ids.ticked), 1u);
  (*bus.sample.ticked)(1, "a");
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard, (std::vector<std::string>{"one:a", "other:a"}));
  one.reset();
  (*bus.sample.ticked)(2, "b");
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 3; }));
  EXPECT_EQ(heard.back(), "other:b");
  other.reset();
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.object->subscriberCount(bus.sample.ids.ticked) == 0; }));
}

TEST_F(RemoteObjectTest, letsAHandlerEndAnotherSubscription) {
  std::shared_ptr<RemoteObject::Subscription> second;
  int firsts = 0, seconds = 0;
  const auto first = bus.loop
                         .await(object->subscribe("ticked",
                                                  [&](const qi::Value&) {
                                                    ++firsts;
                                                    second.reset();
                                                  }))
                         .value();
  second = bus.loop.await(object->subscribe("ticked", [&](const qi::Value&) { ++seconds; })).value();
  (*bus.sample.ticked)(1, "a");
  ASSERT_TRUE(bus.loop.runUntil([&] { return firsts == 1; }));
  EXPECT_EQ(seconds, 0);
}

TEST_F(RemoteObjectTest, watchesAProperty) {
  std::vector<int> heard;
  const auto subscription =
      bus.loop
          .await(object->subscribe("level",
                                   [&](const qi::Value& event) {
                                     heard.push_back(std::get<0>(qi::fromValue<std::tuple<int>>(event).value()));
                                   }))
          .value();
  bus.sample.level->set(5);
  bus.sample.level->set(6);
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard, (std::vector<int>{5, 6}));
}

}  // namespace
}  // namespace beckon::localbus
