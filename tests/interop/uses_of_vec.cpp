#include "tests/interop/uses_of_vec.hpp"

#include "tests/interop/differences.hpp"
#include "tests/interop/heard.hpp"
#include "tests/interop/vec.hpp"
#include "tests/localbus/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>

namespace beckon::test {

using boost::asio::awaitable;
using localbus::RemoteObject;
using qi::Value;
using testing::ElementsAre;

namespace {

awaitable<Value> call(RemotePtr object, std::string method, Value arguments = tuple()) {
  auto result = co_await object->call(method, arguments);
  co_return result.value();
}

template <class T>
awaitable<void> expectEcho(RemotePtr object, std::string method, T value) {
  const auto same = co_await object->method<T(T)>(method).value()(value);
  EXPECT_EQ(same.value(), value) << method;
}
awaitable<void> expectEcho(RemotePtr object, Value value) {
  const auto same = co_await object->method<Value(Value)>("em").value()(value);
  EXPECT_EQ(qi::encode(same.value()), qi::encode(value));
}

// (gcc 12 cannot keep the array of a braced list across a co_await: they have names here.)
awaitable<void> callTyped(RemotePtr object) {
  const qi::Bytes raw{0, 1, 2, 'r', 'a', 'w'};
  const std::vector<std::int32_t> numbers{1, 2, 3};
  const auto add = object->method<std::int32_t(std::int32_t, std::int32_t)>("add").value();
  const auto sum = co_await add(2, 40);
  EXPECT_EQ(sum.value(), 42);
  const auto greeting = co_await object->method<std::string(std::string)>("hello").value()("world");
  EXPECT_EQ(greeting.value(), "hello world");
  co_await expectEcho(object, "eb", true);
  co_await expectEcho(object, "ei8", std::int8_t{-2});
  co_await expectEcho(object, "eu8", std::uint8_t{254});
  co_await expectEcho(object, "ei16", std::int16_t{-300});
  co_await expectEcho(object, "eu16", std::uint16_t{65000});
  co_await expectEcho(object, "ei32", std::int32_t{-70000});
  co_await expectEcho(object, "eu32", std::uint32_t{4'000'000'000});
  co_await expectEcho(object, "ei64", std::int64_t{-5'000'000'000});
  co_await expectEcho(object, "eu64", std::uint64_t{10'000'000'000'000'000'000u});
  co_await expectEcho(object, "ef", 1.5F);
  co_await expectEcho(object, "ed", std::numbers::pi);
  co_await expectEcho(object, "es", std::string("h\u00e9llo"));
  co_await expectEcho(object, "es", std::string());
  co_await expectEcho(object, "er", raw);
  const Point point{1, 2.5, "p"};
  const std::vector<double> doubles{1, 2};
  const std::vector<Value> mixed{qi::dynamic(1), qi::dynamic(std::string("x"))};
  co_await expectEcho(object, qi::dynamic(7));
  co_await expectEcho(object, qi::dynamic(std::string("dyn")));
  co_await expectEcho(object, qi::dynamic(qi::toValue(doubles)));
  co_await expectEcho(object, qi::dynamic(qi::toValue(mixed)));
  co_await expectEcho(object, qi::dynamic(Value()));
  co_await expectEcho(object, Value(qi::Dynamic()));
  co_await expectEcho(object, qi::dynamic(qi::toValue(point)));
  co_await expectEcho(object, "elist", numbers);
  co_await expectEcho(object, "elist", std::vector<std::int32_t>());
  const std::map<std::string, std::int32_t> map{{"a", 1}, {"b", 2}};
  co_await expectEcho(object, "emap", map);
  co_await expectEcho(object, "estruct", point);
  co_await expectEcho(object, "eopt", std::optional<std::int32_t>(5));
  co_await expectEcho(object, "eopt", std::optional<std::int32_t>());
}

awaitable<void> callDynamically(RemotePtr object) {
  const std::vector<Value> mixed{qi::dynamic(1), qi::dynamic(2.5), qi::dynamic(std::string("z"))};
  const std::vector<std::string> texts{"u", "v"};
  const std::map<std::string, Value> map{{"k", qi::dynamic(1)}};
  co_await call(object, "elm", tuple(mixed));
  const auto number = co_await call(object, "many", tuple(true, 3, 1.5F, 2.5, std::string("s"), texts, map));
  EXPECT_EQ(qi::fromValue<int>(number).value(), 3);
  co_await call(object, "nothing");
  const auto sum = co_await call(object, "add", tuple(2, 40));
  EXPECT_EQ(qi::fromValue<int>(sum).value(), 42);
  const auto text = co_await call(object, "em", tuple(std::string("want string")));
  EXPECT_EQ(qi::fromValue<std::string>(text).value(), "want string");
}

}  // namespace

awaitable<void> turn(Loop& loop) { co_await boost::asio::post(loop.io, boost::asio::use_awaitable); }

awaitable<void> callEveryType(Loop&, RemotePtr object) {
  co_await callTyped(object);
  co_await callDynamically(object);
}

awaitable<void> postTwice(Loop&, RemotePtr object) {
  EXPECT_TRUE(object->post("nothing", tuple()));
  EXPECT_TRUE(object->post("fire", tuple(1)));
  co_return;
}

awaitable<void> callWhatFails(Loop&, RemotePtr object) {
  const auto result = co_await object->call("fail", tuple());
  EXPECT_EQ(result.error().cause, "Vec answered: deliberate failure");
}

awaitable<void> useProperty(Loop& loop, RemotePtr object) {
  const auto expect = [](const run::Result<Value>& level, int expected) {
    EXPECT_EQ(qi::fromValue<int>(level.value()).value(), expected);
  };
  expect(co_await object->property("level"), 0);
  auto set = co_await object->setProperty("level", 17);
  EXPECT_TRUE(set);
  expect(co_await object->property("level"), 17);
  set = co_await object->setProperty("level", 3.0);
  EXPECT_TRUE(set);
  const auto names = co_await call(object, "properties");
  EXPECT_THAT(qi::fromValue<std::vector<std::string>>(names).value(), ElementsAre("level"));
  Heard heard(loop.io);
  auto subscription = co_await object->subscribe("level", heard.handler());
  set = co_await object->setProperty("level", 99);
  EXPECT_TRUE(set);
  co_await heard.first(1);
  EXPECT_THAT(heard.all(), ElementsAre("[99]"));
  subscription.value().reset();
  co_await turn(loop);
}

awaitable<void> useSignal(Loop& loop, RemotePtr object) {
  Heard heard(loop.io);
  auto subscription = co_await object->subscribe("tick", heard.handler());
  co_await call(object, "fire", tuple(2));
  EXPECT_TRUE(object->post("tick", tuple(77, std::string("posted"))));
  co_await heard.first(3);
  EXPECT_THAT(heard.all(), ElementsAre(R"([0,"tick"])", R"([1,"tick"])", R"([77,"posted"])"));
  subscription.value().reset();
  co_await turn(loop);
}

awaitable<void> useObjects(Loop&, RemotePtr object) {
  const auto child = object->method<RemotePtr()>("makeChild").value();
  auto first = (co_await child()).value();
  const auto answer = co_await call(first, "answer");
  EXPECT_EQ(qi::fromValue<int>(answer).value(), 42);
  auto second = (co_await child()).value();
  first.reset();  // each says that it is needed no more
  second.reset();
  const auto used =
      co_await object->method<std::int32_t(std::shared_ptr<localbus::Object>)>("useChild").value()(makeChild());
  EXPECT_EQ(used.value(), 42);
  const auto none = co_await object->method<RemotePtr()>("nullObj").value()();
  EXPECT_EQ(none.value(), nullptr);
}

awaitable<void> cancelACall(Loop&, RemotePtr object) {
  const auto slow = object->metaObject().findMethod("slow")->uid;
  const auto code = co_await localbus::awaiting<run::Code>([&](auto done) {
    const auto call = object->callAction(slow, {}, RemoteObject::defaultTimeout,
                                         [done = std::move(done)](run::Result<localbus::Answer> answer) mutable {
                                           done(answer ? run::Code::internal : answer.error().code);
                                         });
    EXPECT_TRUE(object->connection()->cancel(call));
  });
  EXPECT_EQ(code, run::Code::canceled);
}

awaitable<void> countCalls(Loop&, RemotePtr object) {
  const auto isOn = co_await call(object, "isStatsEnabled");
  EXPECT_FALSE(qi::fromValue<bool>(isOn).value());
  co_await call(object, "enableStats", tuple(true));
  co_await call(object, "add", tuple(1, 2));
  const auto stats = co_await call(object, "stats");
  EXPECT_EQ((qi::fromValue<Statistics>(stats).value().at(100).count), 1u);
  co_await call(object, "clearStats");
}

}  // namespace beckon::test
