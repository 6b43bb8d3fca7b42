#include "tests/localbus/object_sample.hpp"
#include "tests/localbus/recorder_fixture.hpp"

#include <gtest/gtest.h>

// The trace of an object: signal 86 and what switches it on.
namespace beckon::localbus {
namespace {

using qi::encodeAll;
using qi::MessageType;
using test::ObjectsBus;
using test::RawPeer;
using test::SampleBus;
using test::sampleService;

constexpr const char* notShown =
    "<??"
    ">";

using TraceTest = test::RecorderFixture;

TEST_F(TraceTest, showsACallAndItsResult) {
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  subscribe();
  for (const std::uint32_t number : {1, 2}) {
    const auto id = call(ids.add, 2, 40);
    const auto called = traced();
    EXPECT_EQ(called.kind, 1);
    EXPECT_EQ(called.id, number);
    EXPECT_EQ(called.slotId, ids.add);
    ASSERT_EQ(arguments(called).size(), 2u);
    EXPECT_EQ(qi::fromValue<int>(arguments(called)[0]).value(), 2);
    EXPECT_EQ(qi::fromValue<int>(arguments(called)[1]).value(), 40);
    EXPECT_GE(std::chrono::seconds(called.timestamp.tv_sec + 1), before);
    EXPECT_LT(called.timestamp.tv_usec, 1'000'000);
    EXPECT_EQ(called.callerContext, static_cast<std::uint32_t>(bus.host.callers.begin()->first));
    EXPECT_NE(called.calleeContext, 0u);
    const auto result = traced();
    EXPECT_EQ(result.kind, 2);
    EXPECT_EQ(result.id, number);
    EXPECT_EQ(result.slotId, ids.add);
    EXPECT_EQ(qi::fromValue<int>(result.arguments).value(), 42);
    EXPECT_EQ(peer.message().header.id, id);
  }
}

TEST_F(TraceTest, showsErrorsAndSignals) {
  subscribe();
  call(ids.fail);
  const auto called = traced(), failed = traced();
  EXPECT_EQ(called.kind, 1);
  EXPECT_TRUE(arguments(called).empty());
  EXPECT_EQ(failed.kind, 3);
  EXPECT_EQ(failed.id, called.id);
  EXPECT_EQ(qi::fromValue<std::string>(failed.arguments).value(), "deliberate failure");
  EXPECT_EQ(peer.message().header.type, MessageType::error);
  (*bus.sample.ticked)(3, "x");
  const auto signal = traced();
  EXPECT_EQ(signal.kind, 4);
  EXPECT_GT(signal.id, called.id);
  EXPECT_EQ(signal.slotId, ids.ticked);
  ASSERT_EQ(arguments(signal).size(), 2u);
  EXPECT_EQ(qi::fromValue<std::string>(arguments(signal)[1]).value(), "x");
  bus.sample.level->set(9);
  EXPECT_EQ(traced().slotId, ids.level);
}

TEST_F(TraceTest, showsLaterAnswersUnderTheIdsOfTheirCalls) {
  subscribe();
  callLater();
  const auto one = traced();
  callLater();
  const auto other = traced();
  EXPECT_NE(one.id, other.id);
  bus.sample.waiting[1].first(2);
  EXPECT_EQ(traced().id, other.id);
  peer.message();
  bus.sample.waiting[0].first.canceled();
  const auto canceled = traced();
  EXPECT_EQ(canceled.id, one.id);
  EXPECT_EQ(canceled.kind, 3);
}

TEST_F(TraceTest, showsPosts) {
  subscribe();
  post(ids.add, 1, 2);
  EXPECT_EQ(traced().kind, 1);
  const auto result = traced();
  EXPECT_EQ(result.kind, 2);
  EXPECT_EQ(qi::fromValue<int>(result.arguments).value(), 3);
}

TEST_F(TraceTest, hidesRawData) {
  subscribe();
  call(ids.size, qi::Bytes{1, 2, 3});
  EXPECT_EQ(qi::fromValue<std::string>(arguments(traced()).at(0)).value(), notShown);
  EXPECT_EQ(qi::fromValue<int>(traced().arguments).value(), 3);
  peer.message();
  call(ids.big, std::uint32_t{2});
  traced();
  EXPECT_EQ(qi::fromValue<std::string>(traced().arguments).value(), notShown);
}

TEST_F(TraceTest, runsWhileSomebodyListens) {
  subscribe();
  EXPECT_TRUE(isTraceEnabled());
  EXPECT_FALSE(ask(qi::action::isStatsEnabled).as<bool>());
  RawPeer other(bus.loop, bus.endpoint);
  other.authenticate();
  const auto arguments = encodeAll({}, sampleService, qi::action::traceObject, std::uint64_t{1});
  other.ask(SampleBus::member(qi::action::registerEvent), arguments);
  ask(qi::action::unregisterEvent, sampleService, qi::action::traceObject, std::uint64_t{4});
  EXPECT_TRUE(isTraceEnabled());
  ask(ids.nothing);
  EXPECT_EQ(other.message().as<EventTrace>().slotId, ids.nothing);
  other.close();
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.host.ended == 1; }));
  EXPECT_FALSE(isTraceEnabled());
}

TEST_F(TraceTest, runsAsToldWithAndWithoutListeners) {
  EXPECT_TRUE(ask(qi::action::enableTrace, true).payload.empty());
  EXPECT_TRUE(isTraceEnabled());
  ask(ids.nothing);
  (*bus.sample.ticked)(1, "nobody hears");
  subscribe();
  call(ids.nothing);
  const auto called = traced();
  EXPECT_EQ(called.id, 3u);
  EXPECT_EQ(traced().kind, 2);
  peer.message();
  EXPECT_TRUE(ask(qi::action::enableTrace, false).payload.empty());
  ask(ids.nothing);  // whose answer is the next message
  (*bus.sample.ticked)(1, "nobody hears");
  EXPECT_FALSE(isTraceEnabled());
}

TEST_F(TraceTest, staysOnAfterItsListenersWhereItWasOnBeforeThem) {
  const auto listenAndStop = [&] {
    subscribe();
    ask(qi::action::unregisterEvent, sampleService, qi::action::traceObject, std::uint64_t{4});
  };
  ask(qi::action::enableTrace, true);
  listenAndStop();
  EXPECT_TRUE(isTraceEnabled());
  subscribe();
  ask(qi::action::enableTrace, false);
  ask(qi::action::unregisterEvent, sampleService, qi::action::traceObject, std::uint64_t{4});
  EXPECT_FALSE(isTraceEnabled());
  listenAndStop();
  EXPECT_FALSE(isTraceEnabled());
}

TEST_F(TraceTest, holdsNoAnswersOfCallsThatItDoesNotHave) {
  enableStats(true);
  callLater();
  subscribe();
  bus.sample.waiting[0].first(7);
  EXPECT_EQ(peer.message().as<int>(), 7);
  EXPECT_EQ(stats().at(ids.later).count, 1u);
}

TEST_F(TraceTest, survivesAnObjectThatEndsInMidCall) {
  std::optional<Reply<int>> waiting;
  ObjectBuilder builder;
  const auto later = builder.method("later", [&](Reply<int> reply) { waiting.emplace(std::move(reply)); });
  bus.host.add(8, qi::mainObject, builder.build());
  peer.ask({8, qi::mainObject, qi::action::registerEvent},
           encodeAll({}, std::uint32_t{8}, qi::action::traceObject, std::uint64_t{1}));
  peer.call({8, qi::mainObject, later});
  EXPECT_EQ(peer.message().header.type, MessageType::event);
  bus.host.remove(8);
  (*waiting)(4);
  EXPECT_EQ(peer.message().as<int>(), 4);
}

// A trace shows no objects, and takes none from who would be given them.
class ObjectTrace : public testing::TestWithParam<bool> {};

TEST_P(ObjectTrace, hidesObjects) {
  ObjectsBus bus;
  auto peer = bus.raw(test::capabilitiesWith(qi::capability::objectPtrUid, GetParam()));
  const qi::ObjectFormat format{.uid = GetParam()};
  const auto traced = [&] { return qi::decode<EventTrace>(peer.message().payload, format).value().arguments.inner(); };
  peer.ask(ObjectsBus::member(qi::action::registerEvent),
           encodeAll({}, sampleService, qi::action::traceObject, std::uint64_t{1}));
  peer.call(ObjectsBus::member(bus.service.ids.get));
  traced();
  EXPECT_EQ(qi::fromValue<std::string>(traced()).value(), notShown);
  EXPECT_NE(qi::decode<qi::ObjectRef>(peer.message().payload, format).value().object, 0u);

  // Of a post, whose result nobody gets.
  peer.send({9, 0, 0, MessageType::post, 0, ObjectsBus::member(bus.service.ids.many)}, qi::encode(std::uint32_t{3}));
  traced();
  const auto many = traced();
  ASSERT_TRUE(many.as<qi::List>());
  ASSERT_EQ(many.as<qi::List>()->items.size(), 3u);
  for (const auto& item : many.as<qi::List>()->items) EXPECT_EQ(item.as<qi::ObjectRef>()->object, 0u);
  EXPECT_EQ(bus.lastEnd->objects().size(), 1u);

  (*bus.service.made)(bus.service.counter.object);
  const auto signal = traced();
  ASSERT_TRUE(signal.as<qi::List>());
  EXPECT_EQ(qi::fromValue<std::string>(signal.as<qi::List>()->items.at(0)).value(), notShown);
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutUid, ObjectTrace, testing::Bool());

}  // namespace
}  // namespace beckon::localbus
