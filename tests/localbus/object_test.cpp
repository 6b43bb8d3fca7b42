#include "localbus/object.hpp"

#include "tests/localbus/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What an object answers to each kind of message, seen from the wire.
namespace beckon::localbus {
namespace {

using qi::encodeAll;
using qi::MessageType;
using run::Code;
using test::Frame;
using test::RawPeer;
using test::SampleBus;
using test::sampleService;
using testing::ElementsAre;

class ObjectOnTheWire : public testing::Test {
 protected:
  ObjectOnTheWire() { peer.authenticate(); }

  template <class... Args>
  Frame ask(std::uint32_t action, const Args&... args) {
    return peer.ask(SampleBus::member(action), encodeAll({}, args...));
  }
  template <class... Args>
  void post(std::uint32_t action, const Args&... args) {
    peer.send({99, 0, 0, MessageType::post, 0, SampleBus::member(action)}, encodeAll({}, args...));
  }
  Frame subscribe(std::uint32_t signal, std::uint64_t handler) {
    return ask(qi::action::registerEvent, sampleService, signal, handler);
  }
  // Everything that was sent before has been handled, and nothing was answered to it.
  bool isQuiet() { return ask(bus.sample.ids.add, 1, 2).as<std::int32_t>() == 3; }

  SampleBus bus;
  RawPeer peer{bus.loop, bus.endpoint};
};

TEST_F(ObjectOnTheWire, answersACallWithItsResult) {
  const auto answer = ask(bus.sample.ids.add, 2, 40);
  EXPECT_EQ(answer.header.type, MessageType::reply);
  EXPECT_EQ(answer.header.flags, 0);
  EXPECT_EQ(answer.as<std::int32_t>(), 42);
  EXPECT_EQ(ask(bus.sample.ids.hello, std::string("world")).as<std::string>(), "hello world");
}

TEST_F(ObjectOnTheWire, answersAVoidMethodWithAnEmptyReply) {
  const auto answer = ask(bus.sample.ids.nothing);
  EXPECT_EQ(answer.header.type, MessageType::reply);
  EXPECT_TRUE(answer.payload.empty());
  EXPECT_EQ(bus.sample.nothings, 1);
}

TEST_F(ObjectOnTheWire, answersAFailureWithItsText) {
  const auto answer = ask(bus.sample.ids.fail);
  EXPECT_EQ(answer.header.type, MessageType::error);
  EXPECT_EQ(answer.errorText(), "deliberate failure");
}

TEST_F(ObjectOnTheWire, answersLaterInAnyOrder) {
  const auto first = peer.call(SampleBus::member(bus.sample.ids.later), qi::encode(std::int32_t{1}));
  const auto second = peer.call(SampleBus::member(bus.sample.ids.later), qi::encode(std::int32_t{2}));
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.waiting.size() == 2; }));
  bus.sample.waiting[1].first(20);
  bus.sample.waiting[0].first(run::Error{Code::callFailed, "no more", {}});
  const auto one = peer.message(), other = peer.message();
  EXPECT_EQ(one.header.id, second);
  EXPECT_EQ(one.as<std::int32_t>(), 20);
  EXPECT_EQ(other.header.id, first);
  EXPECT_EQ(other.errorText(), "no more");
}

TEST_F(ObjectOnTheWire, answersOnceHoweverOftenAReplyIsUsed) {
  peer.call(SampleBus::member(bus.sample.ids.later), qi::encode(std::int32_t{1}));
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.waiting.size() == 1; }));
  bus.sample.waiting[0].first(10);
  bus.sample.waiting[0].first(11);
  bus.sample.waiting.clear();
  EXPECT_EQ(peer.message().as<std::int32_t>(), 10);
  EXPECT_TRUE(isQuiet());
}

TEST_F(ObjectOnTheWire, answersAForgottenCallWithAnError) {
  const auto answer = ask(bus.sample.ids.forget);
  EXPECT_EQ(answer.header.type, MessageType::error);
  EXPECT_EQ(answer.errorText(), "the service gave no answer");
}

TEST_F(ObjectOnTheWire, survivesAnAnswerToACallerThatIsGone) {
  peer.call(SampleBus::member(bus.sample.ids.later), qi::encode(std::int32_t{1}));
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.waiting.size() == 1; }));
  peer.close();
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.host.ended == 1; }));
  bus.sample.waiting[0].first(10);
}

TEST_F(ObjectOnTheWire, tellsAMethodWhoCalls) {
  RawPeer other(bus.loop, bus.endpoint);
  other.authenticate();
  const auto mine = ask(bus.sample.ids.who).as<std::uint64_t>();
  EXPECT_NE(mine, 0u);
  EXPECT_EQ(ask(bus.sample.ids.who).as<std::uint64_t>(), mine);
  EXPECT_NE(other.ask(SampleBus::member(bus.sample.ids.who)).as<std::uint64_t>(), mine);
}

TEST_F(ObjectOnTheWire, refusesATooShortPayloadInLibqisWords) {
  EXPECT_EQ(ask(bus.sample.ids.add, std::int32_t{2}).errorText(), "ISerialization error Status Read Past End");
  EXPECT_EQ(peer.ask(SampleBus::member(bus.sample.ids.hello), qi::Bytes{255, 0, 0, 0, 'a'}).errorText(),
            "ISerialization error Status Read Past End");
  EXPECT_EQ(peer.ask(SampleBus::member(qi::action::registerEvent), qi::Bytes{1}).errorText(),
            "ISerialization error Status Read Past End");
}

TEST_F(ObjectOnTheWire, ignoresBytesBehindTheArguments) {
  EXPECT_EQ(ask(bus.sample.ids.add, 2, 40, std::string("junk")).as<std::int32_t>(), 42);
}

TEST_F(ObjectOnTheWire, refusesUnknownMembersInLibqisWords) {
  const auto id = peer.call(SampleBus::member(9999));
  EXPECT_EQ(peer.message().errorText(), "No such method {7.1.9999, id:" + std::to_string(id) + "}");
  EXPECT_EQ(subscribe(9999, 1).errorText(), "No such signal");
  EXPECT_EQ(ask(qi::action::property, qi::dynamic(std::string("nope"))).errorText(), "property \"nope\" was not found");
  EXPECT_EQ(ask(qi::action::property, qi::dynamic(std::uint32_t{999})).errorText(), "property \"999\" was not found");
}

TEST_F(ObjectOnTheWire, refusesUnknownServicesAndObjectsInLibqisWords) {
  EXPECT_EQ(peer.ask({999, 1, 100}).errorText(), "The call request could not be handled.");
  EXPECT_EQ(peer.ask({sampleService, 0, 100}).errorText(), "The call request could not be handled.");
  EXPECT_EQ(peer.ask({sampleService, 2, 100}).errorText(), "The call request could not be handled.");
}

TEST_F(ObjectOnTheWire, refusesANewerHeader) {
  peer.send({5, 0, 1, MessageType::call, 0, SampleBus::member(bus.sample.ids.add)}, encodeAll({}, 1, 2));
  EXPECT_EQ(peer.message().errorText(),
            "Cannot negotiate QiMessaging connection: remote end doesn't support binary protocol v1");
}

TEST_F(ObjectOnTheWire, saysNothingToPostsThatCannotBeHandled) {
  post(9999);
  post(bus.sample.ids.add, 1);
  post(bus.sample.ids.fail);
  peer.send({5, 0, 0, MessageType::post, 0, {999, 1, 100}});
  peer.send({5, 0, 1, MessageType::post, 0, SampleBus::member(bus.sample.ids.nothing)});
  peer.send({5, 0, 0, MessageType::post, qi::flags::dynamicPayload, SampleBus::member(bus.sample.ids.add)},
            qi::Bytes{1});
  peer.send({5, 0, 0, MessageType::cancel, 0, {sampleService, 1, 0}}, qi::encode(std::uint32_t{4444}));
  peer.send({5, 0, 0, static_cast<MessageType>(9), 0, SampleBus::member(100)});
  peer.send({5, 0, 0, MessageType::event, 0, SampleBus::member(bus.sample.ids.ticked)},
            encodeAll({}, 1, std::string("x")));
  peer.send({4444, 0, 0, MessageType::reply, 0, SampleBus::member(100)});
  EXPECT_TRUE(isQuiet());
  EXPECT_EQ(bus.sample.nothings, 0);
}

TEST_F(ObjectOnTheWire, runsAPostedMethod) {
  post(bus.sample.ids.nothing);
  peer.send({5, 0, 0, MessageType::post, qi::flags::dynamicPayload, SampleBus::member(bus.sample.ids.nothing)},
            qi::encode(qi::dynamic(test::tuple())));
  EXPECT_TRUE(isQuiet());
  EXPECT_EQ(bus.sample.nothings, 2);
}

TEST_F(ObjectOnTheWire, convertsADynamicPayload) {
  const auto arguments = qi::encode(qi::dynamic(test::tuple(2.0, std::int64_t{40})));
  const auto answer = peer.ask(SampleBus::member(bus.sample.ids.add), arguments, qi::flags::dynamicPayload);
  EXPECT_EQ(answer.header.flags, 0);
  EXPECT_EQ(answer.as<std::int32_t>(), 42);
  const auto unfit = qi::encode(qi::dynamic(test::tuple(std::string("two"), 40)));
  const auto refusal = peer.ask(SampleBus::member(bus.sample.ids.add), unfit, qi::flags::dynamicPayload);
  EXPECT_EQ(refusal.header.type, MessageType::error);
  EXPECT_EQ(peer.ask(SampleBus::member(bus.sample.ids.add), qi::Bytes{1, 2}, qi::flags::dynamicPayload).errorText(),
            "ISerialization error Status Read Past End");
}

TEST_F(ObjectOnTheWire, convertsItsResultToTheTypeThatIsAskedFor) {
  const auto ask = [&](const std::string& wanted) {
    return peer.ask(SampleBus::member(bus.sample.ids.add), encodeAll({}, 2, 40, wanted), qi::flags::returnType);
  };
  const auto asDouble = ask("d");
  EXPECT_EQ(asDouble.header.flags, qi::flags::dynamicPayload);
  EXPECT_EQ(asDouble.as<qi::Value>().as<qi::Dynamic>()->signature.text(), "d");
  EXPECT_EQ(qi::fromValue<double>(asDouble.as<qi::Value>()).value(), 42.0);
  for (const char* impossible : {"s", "[[", ""}) {
    const auto plain = ask(impossible);
    EXPECT_EQ(plain.header.flags, 0) << impossible;
    EXPECT_EQ(plain.as<std::int32_t>(), 42) << impossible;
  }
}

TEST_F(ObjectOnTheWire, takesBothFlagsAtOnce) {
  auto payload = qi::encode(qi::dynamic(test::tuple(std::uint8_t{2}, 40)));
  const auto wanted = qi::encode(std::string("l"));
  payload.insert(payload.end(), wanted.begin(), wanted.end());
  const auto answer =
      peer.ask(SampleBus::member(bus.sample.ids.add), payload, qi::flags::dynamicPayload | qi::flags::returnType);
  EXPECT_EQ(answer.as<qi::Value>().as<qi::Dynamic>()->signature.text(), "l");
}

TEST_F(ObjectOnTheWire, sendsEachEventOnceARegistration) {
  EXPECT_EQ(subscribe(bus.sample.ids.ticked, 1).header.type, MessageType::reply);
  (*bus.sample.ticked)(5, "tick");
  const auto event = peer.message();
  EXPECT_EQ(event.header.type, MessageType::event);
  EXPECT_EQ(event.header.flags, 0);
  EXPECT_EQ(event.header.address, SampleBus::member(bus.sample.ids.ticked));
  EXPECT_EQ((event.as<std::tuple<std::int32_t, std::string>>()), std::tuple(5, "tick"));
  EXPECT_TRUE(isQuiet());

  subscribe(bus.sample.ids.ticked, 2);
  (*bus.sample.ticked)(6, "tick");
  for (int copy = 0; copy < 2; ++copy)
    EXPECT_EQ(std::get<0>(peer.message().as<std::tuple<std::int32_t, std::string>>()), 6);
  EXPECT_TRUE(isQuiet());
}

TEST_F(ObjectOnTheWire, endsASubscriptionByTheHandlerThatMadeIt) {
  subscribe(bus.sample.ids.ticked, 1);
  subscribe(bus.sample.ids.ticked, 1);  // replaces it
  EXPECT_EQ(bus.sample.object->subscriberCount(bus.sample.ids.ticked), 1u);
  RawPeer other(bus.loop, bus.endpoint);
  other.authenticate();
  const auto arguments = encodeAll({}, sampleService, bus.sample.ids.ticked, std::uint64_t{1});
  EXPECT_EQ(other.ask(SampleBus::member(qi::action::unregisterEvent), arguments).errorText(),
            "Unregister request failed for 1 7");
  EXPECT_EQ(peer.ask(SampleBus::member(qi::action::unregisterEvent), arguments).header.type, MessageType::reply);
  EXPECT_EQ(bus.sample.object->subscriberCount(bus.sample.ids.ticked), 0u);
  (*bus.sample.ticked)(1, "nobody");
  EXPECT_TRUE(isQuiet());
}

TEST_F(ObjectOnTheWire, endsTheSubscriptionsOfAConnectionThatCloses) {
  subscribe(bus.sample.ids.ticked, 1);
  peer.close();
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.object->subscriberCount(bus.sample.ids.ticked) == 0; }));
}

TEST_F(ObjectOnTheWire, convertsEventsForWhoAskedForAnotherSignature) {
  ask(qi::action::registerEventWithSignature, sampleService, bus.sample.ids.ticked, std::uint64_t{1},
      std::string("(ds)"));
  (*bus.sample.ticked)(5, "tick");
  const auto event = peer.message();
  EXPECT_EQ(event.header.flags, qi::flags::dynamicPayload);
  const auto value = event.as<qi::Value>();
  EXPECT_EQ(value.as<qi::Dynamic>()->signature.text(), "(ds)");
  EXPECT_EQ((qi::fromValue<std::tuple<double, std::string>>(value).value()), std::tuple(5.0, "tick"));
  EXPECT_EQ(ask(qi::action::registerEventWithSignature, sampleService, bus.sample.ids.ticked, std::uint64_t{2},
                std::string("((("))
                .header.type,
            MessageType::error);
}

TEST_F(ObjectOnTheWire, emitsWhatAPeerPostsToASignal) {
  subscribe(bus.sample.ids.ticked, 1);
  RawPeer other(bus.loop, bus.endpoint);
  other.authenticate();
  const qi::Header header{5, 0, 0, MessageType::post, 0, SampleBus::member(bus.sample.ids.ticked)};
  other.send(header, encodeAll({}, 77, std::string("posted")));
  EXPECT_EQ((peer.message().as<std::tuple<std::int32_t, std::string>>()), std::tuple(77, "posted"));

  auto dynamic = header;
  dynamic.flags = qi::flags::dynamicPayload;
  other.send(dynamic, qi::encode(qi::dynamic(test::tuple(78.0, std::string("posted")))));
  const auto event = peer.message();
  EXPECT_EQ(event.header.flags, 0);
  EXPECT_EQ((event.as<std::tuple<std::int32_t, std::string>>()), std::tuple(78, "posted"));
}

TEST_F(ObjectOnTheWire, emitsNothingThatItsSignalDoesNotCarry) {
  subscribe(bus.sample.ids.ticked, 1);
  post(bus.sample.ids.ticked, 77);
  EXPECT_TRUE(isQuiet());
}

TEST_F(ObjectOnTheWire, readsAPropertyByNameAndById) {
  EXPECT_EQ(qi::fromValue<int>(ask(qi::action::property, qi::dynamic(std::string("level"))).as<qi::Value>()).value(),
            1);
  for (const auto& id :
       {qi::dynamic(bus.sample.ids.level), qi::dynamic(static_cast<std::int64_t>(bus.sample.ids.level))}) {
    const auto value = ask(qi::action::property, id).as<qi::Value>();
    EXPECT_EQ(value.as<qi::Dynamic>()->signature.text(), "i");
    EXPECT_EQ(qi::fromValue<int>(value).value(), 1);
  }
  EXPECT_THAT(ask(qi::action::properties).as<std::vector<std::string>>(), ElementsAre("level"));
}

TEST_F(ObjectOnTheWire, setsAPropertyAndTellsItsSubscribersFirst) {
  subscribe(bus.sample.ids.level, 1);
  const auto id = peer.call(SampleBus::member(qi::action::setProperty),
                            encodeAll({}, qi::dynamic(bus.sample.ids.level), qi::dynamic(3.0)));
  const auto event = peer.message();
  EXPECT_EQ(event.header.type, MessageType::event);
  EXPECT_EQ(event.header.address.action, bus.sample.ids.level);
  EXPECT_EQ(event.as<std::int32_t>(), 3);
  EXPECT_EQ(peer.message().header.id, id);
  EXPECT_EQ(bus.sample.level->get(), 3);
}

TEST_F(ObjectOnTheWire, keepsAPropertyThatARefusedValueWouldHaveChanged) {
  subscribe(bus.sample.ids.level, 1);
  const auto set = [&](const qi::Value& value) {
    return ask(qi::action::setProperty, qi::dynamic(std::string("level")), qi::dynamic(value));
  };
  EXPECT_EQ(set(101).errorText(), "the level ends at 100");
  EXPECT_EQ(set(std::string("high")).header.type, MessageType::error);
  EXPECT_EQ(set(3.5).header.type, MessageType::error);
  EXPECT_EQ(bus.sample.level->get(), 1);
}

TEST_F(ObjectOnTheWire, tellsWhatItOffers) {
  const auto meta = ask(qi::action::metaObject, std::uint32_t{0}).as<qi::MetaObject>();
  EXPECT_EQ(meta, bus.sample.object->metaObject());
  EXPECT_EQ(ask(qi::action::metaObject).as<qi::MetaObject>(), meta);  // the argument is not needed
  const auto& add = meta.methods.at(bus.sample.ids.add);
  EXPECT_EQ(add.name, "add");
  EXPECT_EQ(add.parametersSignature, "(ii)");
  EXPECT_EQ(add.returnSignature, "i");
  EXPECT_EQ(add.description, "the sum of two numbers");
  EXPECT_EQ(meta.methods.at(bus.sample.ids.later).parametersSignature, "(i)");
  EXPECT_EQ(meta.methods.at(bus.sample.ids.later).returnSignature, "i");
  EXPECT_EQ(meta.methods.at(bus.sample.ids.who).parametersSignature, "()");
  EXPECT_EQ(meta.methods.at(bus.sample.ids.fail).returnSignature, "i");
  EXPECT_EQ(meta.signals.at(bus.sample.ids.ticked).signature, "(is)");
  EXPECT_EQ(meta.properties.at(bus.sample.ids.level).signature, "i");
  EXPECT_EQ(meta.signals.at(bus.sample.ids.level).signature, "(i)");
}

TEST_F(ObjectOnTheWire, isNotTerminatedByACaller) {
  post(qi::action::terminate, sampleService);
  EXPECT_EQ(ask(qi::action::terminate, sampleService).header.type, MessageType::error);
  EXPECT_TRUE(isQuiet());
}

TEST(ObjectBuilder, givesIdsInTheOrderOfDeclaration) {
  ObjectBuilder builder;
  EXPECT_EQ(builder.method("a", [] {}), 100u);
  builder.signal<>("b");
  builder.property<int>("c", 0);
  EXPECT_EQ(builder.method("d", [] {}), 103u);
  const auto object = builder.build();
  EXPECT_EQ(object->metaObject().findSignal("b")->uid, 101u);
  EXPECT_EQ(object->metaObject().findProperty("c")->uid, 102u);
}

TEST(ObjectBuilder, givesEveryObjectTheStandardActions) {
  const auto object = ObjectBuilder().build();
  std::vector<std::string> actions;
  for (const auto& [id, method] : object->metaObject().methods)
    actions.push_back(std::to_string(id) + " " + method.name + method.parametersSignature);
  EXPECT_THAT(actions, ElementsAre("0 registerEvent(IIL)", "1 unregisterEvent(IIL)", "2 metaObject(I)",
                                   "3 terminate(I)", "5 property(m)", "6 setProperty(mm)", "7 properties()",
                                   "8 registerEventWithSignature(IILs)", "80 isStatsEnabled()", "81 enableStats(b)",
                                   "82 stats()", "83 clearStats()", "84 isTraceEnabled()", "85 enableTrace(b)"));
  EXPECT_EQ(object->metaObject().signals.at(86).name, "traceObject");
}

TEST(ObjectBuilder, makesHandlesThatMayOutliveTheObject) {
  ObjectBuilder builder;
  const auto signal = builder.signal<int>("signal");
  const auto property = builder.property<std::string>("property", "first");
  builder.build();
  signal(1);
  property.set("second");
  EXPECT_EQ(property.get(), "second");
}

}  // namespace
}  // namespace beckon::localbus
