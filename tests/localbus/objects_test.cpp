#include "tests/localbus/object_sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Objects as C++ sees them: those that a service returns, and those that a client passes.
namespace beckon::localbus {
namespace {

using run::Code;
using test::Counter;
using test::Everywhere;
using test::ObjectsBus;
using test::OwnObject;
using test::Proxy;
using testing::HasSubstr;

class Objects : public testing::Test {
 protected:
  using Subscription = std::shared_ptr<RemoteObject::Subscription>;
  Subscription subscribe(const Proxy& to, const std::string& signal, std::vector<qi::Value>& heard) {
    return bus.loop.await(to->subscribe(signal, [&heard](const qi::Value& event) { heard.push_back(event); })).value();
  }
  template <class T>
  static T only(const qi::Value& event) {
    return std::get<0>(qi::fromValue<std::tuple<T>>(event).value());
  }
  // The service calls add() of an object that the client passes.
  run::Result<std::int32_t> use(const Proxy& through, const OwnObject& object, std::int32_t x) {
    const auto sum = bus.call(through, "use", object, x);
    return sum ? qi::fromValue<std::int32_t>(*sum) : run::Result<std::int32_t>(sum.error());
  }
  bool runUntil(const std::function<bool()>& done) { return bus.loop.runUntil(done); }

  ObjectsBus bus;
  Counter& counter = bus.service.counter;
  Proxy client = bus.open(bus.join());
};

TEST_F(Objects, thatAServiceReturnsAreCalled) {
  const auto object = bus.fetch(client, "get");
  EXPECT_EQ(bus.add(object, 3), 3);
  EXPECT_EQ(bus.add(object, 4), 7);
  EXPECT_EQ(counter.total, 7);
  EXPECT_EQ(object->metaObject(), counter.object->metaObject());
  EXPECT_EQ(object->uid(), counter.object->uid());
  const auto error = bus.call(object, "fail").error();
  EXPECT_EQ(error.code, Code::callFailed);
  EXPECT_THAT(error.cause, HasSubstr("deliberate failure"));
  EXPECT_TRUE(object->post("add", test::tuple(5)));
  EXPECT_TRUE(runUntil([&] { return counter.total == 12; }));
}

TEST_F(Objects, areReturnedByTypedMethods) {
  const auto object = bus.loop.await(client->method<Proxy()>("get").value()()).value();
  const auto add = object->method<std::int32_t(std::int32_t)>("add").value();
  EXPECT_EQ(bus.loop.await(add(2)).value(), 2);
  EXPECT_EQ(bus.loop.await(client->method<Proxy()>("none").value()()).value(), nullptr);
}

TEST_F(Objects, thatAServiceReturnsAreHeard) {
  const auto object = bus.fetch(client, "get");
  std::vector<qi::Value> counted, stepped;
  auto one = subscribe(object, "counted", counted);
  const auto other = subscribe(object, "step", stepped);
  (*counter.counted)(5);
  EXPECT_TRUE(bus.loop.await(object->setProperty("step", 9)));
  ASSERT_TRUE(runUntil([&] { return counted.size() == 1 && stepped.size() == 1; }));
  EXPECT_EQ(only<std::int32_t>(counted[0]), 5);
  EXPECT_EQ(only<std::int32_t>(stepped[0]), 9);
  EXPECT_EQ(qi::fromValue<std::int32_t>(bus.loop.await(object->property("step")).value()).value(), 9);
  one.reset();
  EXPECT_TRUE(runUntil([&] { return counter.object->subscriberCount(counter.ids.counted) == 0; }));
}

TEST_F(Objects, endWithTheirLastProxyAndSoDoTheirSubscriptions) {
  auto object = bus.fetch(client, "get");
  auto again = bus.fetch(client, "get");
  EXPECT_EQ(bus.given(client), 2u);
  std::vector<qi::Value> heard;
  auto subscription = subscribe(object, "counted", heard);
  // Of a second proxy of the same object, which goes on.
  const auto kept = subscribe(again, "counted", heard);
  EXPECT_EQ(counter.object->subscriberCount(counter.ids.counted), 2u);
  object.reset();
  ASSERT_TRUE(runUntil([&] { return bus.given(client) == 1; }));
  EXPECT_EQ(counter.object->subscriberCount(counter.ids.counted), 1u);
  (*counter.counted)(1);
  ASSERT_TRUE(runUntil([&] { return !heard.empty(); }));
  EXPECT_EQ(bus.add(again, 1), 1);
  EXPECT_EQ(heard.size(), 1u);
  subscription.reset();  // of an object that is gone
}

TEST_F(Objects, endWithTheConnection) {
  const auto object = bus.fetch(client, "get");
  std::vector<qi::Value> heard;
  const auto subscription = subscribe(object, "counted", heard);
  const auto end = bus.serverEnd(client);
  end->close({Code::connectionLost, "enough", {}});
  EXPECT_EQ(end->objects().size(), 0u);
  EXPECT_EQ(counter.object->subscriberCount(counter.ids.counted), 0u);
  ASSERT_TRUE(runUntil([&] { return !client->connection()->isOpen(); }));
  EXPECT_EQ(bus.call(object, "add", 1).error().code, Code::serviceGone);
}

TEST_F(Objects, areNoOnesButTheirClients) {
  const auto other = bus.open(bus.join());
  auto mine = bus.fetch(client, "get");
  const auto theirs = bus.fetch(other, "get");
  mine.reset();
  ASSERT_TRUE(runUntil([&] { return bus.given(client) == 0; }));
  EXPECT_EQ(bus.given(other), 1u);
  EXPECT_EQ(bus.add(theirs, 1), 1);
}

TEST_F(Objects, mayBeNullBothWays) {
  EXPECT_EQ(bus.fetch(client, "none"), nullptr);
  EXPECT_EQ(bus.given(client), 0u);
  EXPECT_THAT(use(client, nullptr, 1).error().cause, HasSubstr("the null object cannot add"));
  EXPECT_EQ(client->connection()->objects().size(), 0u);
}

TEST_F(Objects, comeOutOfWhateverHoldsThem) {
  const auto all = qi::fromValue<Everywhere<RemoteObject>>(bus.call(client, "everywhere").value()).value();
  EXPECT_EQ(bus.given(client), 5u);
  ASSERT_EQ(all.list.size(), 3u);
  EXPECT_EQ(all.list[1], nullptr);
  const auto dynamic = qi::fromValue<Proxy>(all.dynamic).value();
  std::int32_t total = 0;
  for (const auto& object : {all.list[0], all.list[2], all.map.at("a"), all.named.object, dynamic}) {
    ASSERT_TRUE(object);
    EXPECT_EQ(bus.add(object, 1), ++total);
    EXPECT_EQ(object->uid(), counter.object->uid());
  }
}

TEST_F(Objects, goInInWhateverHoldsThem) {
  Counter mine;
  const Everywhere<Object> all{
      {mine.object, nullptr}, {{"a", mine.object}}, {"b", mine.object}, qi::dynamic(qi::toValue(mine.object))};
  EXPECT_EQ(qi::fromValue<int>(bus.call(client, "count", all).value()).value(), 3);
  EXPECT_EQ(client->connection()->objects().size(), 4u);
  const auto& taken = bus.service.taken;
  EXPECT_EQ(taken.list[1], nullptr);
  std::int32_t total = 0;
  for (const auto& object :
       {taken.list[0], taken.map.at("a"), taken.named.object, qi::fromValue<Proxy>(taken.dynamic).value()})
    EXPECT_EQ(bus.add(object, 1), ++total);
  bus.service.taken = {};
  EXPECT_TRUE(runUntil([&] { return client->connection()->objects().size() == 0; }));
}

TEST_F(Objects, inEventsAreEachListenersOwn) {
  const auto other = bus.open(bus.join());
  std::vector<Proxy> mine, theirs;
  const auto listen = [&](const Proxy& to, std::vector<Proxy>& into) {
    return bus.loop
        .await(to->subscribe("made", [&into](const qi::Value& event) { into.push_back(only<Proxy>(event)); }))
        .value();
  };
  const auto one = listen(client, mine), two = listen(other, theirs);
  (*bus.service.made)(counter.object);
  ASSERT_TRUE(runUntil([&] { return mine.size() == 1 && theirs.size() == 1; }));
  ASSERT_TRUE(mine[0] && theirs[0]);
  EXPECT_EQ(mine[0]->uid(), theirs[0]->uid());
  EXPECT_EQ(bus.add(mine[0], 1), 1);
  mine.clear();
  ASSERT_TRUE(runUntil([&] { return bus.given(client) == 0; }));
  EXPECT_EQ(bus.add(theirs[0], 1), 2);
  (*bus.service.made)(nullptr);
  ASSERT_TRUE(runUntil([&] { return theirs.size() == 2; }));
  EXPECT_EQ(theirs[1], nullptr);
}

TEST_F(Objects, areValuesOfProperties) {
  const auto read = qi::fromValue<Proxy>(bus.loop.await(client->property("current")).value()).value();
  EXPECT_EQ(bus.add(read, 2), 2);

  Counter mine;
  std::vector<qi::Value> heard;
  const auto subscription = subscribe(client, "chosen", heard);
  EXPECT_TRUE(bus.loop.await(client->setProperty("chosen", qi::toValue(mine.object))));
  ASSERT_TRUE(runUntil([&] { return heard.size() == 1; }));
  EXPECT_EQ(bus.add(bus.service.chosen->get(), 5), 5);
  EXPECT_EQ(mine.total, 5);
  // Where an object of the service's own is wanted.
  EXPECT_THAT(bus.loop.await(client->setProperty("current", qi::toValue(mine.object))).error().cause,
              HasSubstr("the object lives in another process"));
  EXPECT_EQ(bus.service.current->get(), counter.object);
}

TEST_F(Objects, thatAClientPassesAreCalledDuringTheCallAndEndAfterIt) {
  Counter mine;
  EXPECT_EQ(use(client, mine.object, 4).value(), 4);
  EXPECT_EQ(use(client, mine.object, 5).value(), 9);
  EXPECT_TRUE(runUntil([&] { return client->connection()->objects().size() == 0; }));
}

TEST_F(Objects, thatAClientPassesMayBeKept) {
  Counter mine;
  ASSERT_TRUE(bus.call(client, "keep", mine.object));
  const auto& kept = bus.service.kept;
  EXPECT_EQ(bus.add(kept, 6), 6);
  EXPECT_EQ(kept->uid(), mine.object->uid());
  std::vector<qi::Value> heard;
  const auto subscription = subscribe(kept, "counted", heard);
  (*mine.counted)(8);
  ASSERT_TRUE(runUntil([&] { return heard.size() == 1; }));

  client->connection()->close({Code::connectionLost, "enough", {}});
  EXPECT_EQ(client->connection()->objects().size(), 0u);
  EXPECT_EQ(mine.object->subscriberCount(mine.ids.counted), 0u);
  ASSERT_TRUE(runUntil([&] { return bus.host.ended == 1; }));
  const auto error = bus.call(kept, "add", 1).error();
  EXPECT_EQ(error.code, Code::serviceGone);
  EXPECT_THAT(error.cause, HasSubstr("is closed"));
  EXPECT_EQ(mine.total, 6);
  bus.service.kept.reset();
}

TEST_F(Objects, thatAClientPassesAreNotCalledAfterTheServiceLetThemGo) {
  Counter mine;
  ASSERT_TRUE(bus.call(client, "keep", mine.object));
  EXPECT_EQ(client->connection()->objects().size(), 1u);
  ASSERT_TRUE(bus.call(client, "keep", OwnObject()));
  EXPECT_TRUE(runUntil([&] { return client->connection()->objects().size() == 0; }));
}

TEST_F(Objects, ofAPeerThatTakesNoCallsFailAtOnce) {
  const auto deaf = bus.open(bus.join(test::capabilitiesWith(qi::capability::clientServerSocket, false)));
  Counter mine;
  EXPECT_THAT(use(deaf, mine.object, 1).error().cause, HasSubstr("takes no calls on the connection that it opened"));
  EXPECT_EQ(mine.total, 0);
  // And where it is the service that does not want it, the client answers that there is nothing.
  const auto other =
      bus.open(bus.join(qi::ownCapabilities(), test::capabilitiesWith(qi::capability::clientServerSocket, false)));
  EXPECT_THAT(use(other, mine.object, 1).error().cause, HasSubstr("could not be handled"));
  EXPECT_EQ(mine.total, 0);
}

}  // namespace
}  // namespace beckon::localbus
