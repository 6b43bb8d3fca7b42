#include "localbus/connection.hpp"

#include "tests/localbus/played.hpp"
#include "tests/localbus/sample.hpp"

#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using qi::MessageType;
using run::Code;
using run::Error;
using test::Outcome;
using test::Played;
using test::RawPeer;
using test::RawServer;
using test::SampleBus;
using test::sampleService;

TEST(Connection, carriesCallsBothWays) {
  SampleBus bus;
  test::Sample mine;
  ObjectHost host;
  host.add(9, qi::mainObject, mine.object);
  const auto connection = bus.connect({.receiver = &host});
  Outcome forth;
  connection->call(SampleBus::member(bus.sample.ids.add), qi::encodeAll({}, 2, 40), 5s, forth.handler());
  ASSERT_TRUE(bus.loop.runUntil([&] { return forth.done; }));
  EXPECT_EQ(qi::decode<int>(forth.payload).value(), 42);

  Outcome back;
  const auto serverEnd = bus.host.callers.begin()->second;
  serverEnd->call({9, qi::mainObject, mine.ids.hello}, qi::encode(std::string("back")), 5s, back.handler());
  ASSERT_TRUE(bus.loop.runUntil([&] { return back.done; }));
  EXPECT_EQ(qi::decode<std::string>(back.payload).value(), "hello back");
  connection->setReceiver(nullptr);
  connection->close({Code::connectionLost, "done", {}});
}

TEST(Connection, sendsWhatOneTurnProducedInOneGo) {
  Played played;
  auto peer = played.begin();
  Outcome outcomes[3];
  for (auto& outcome : outcomes) played.connection->call({5, 1, 100}, qi::encode(1), 5s, outcome.handler());
  EXPECT_EQ(played.connection->queued(), 3 * (qi::Header::size + 4));
  played.loop.poll();
  EXPECT_EQ(played.connection->queued(), 0u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(peer.message().header.type, MessageType::call);
  played.connection->close({Code::connectionLost, "done", {}});
}

TEST(Connection, givesALargePayloadToTheSocketAtOnce) {
  Played played;
  auto peer = played.begin();
  const qi::Bytes large(Connection::largePayload, 0x5A);
  played.connection->post({5, 1, 100}, large);
  EXPECT_EQ(played.connection->queued(), 0u) << "before the loop turned";
  EXPECT_EQ(peer.message().payload, large);
  played.connection->close({Code::connectionLost, "done", {}});
}

TEST(Connection, keepsTheOrderOfLargeAndSmallMessagesWhateverTheSocketTakesAtOnce) {
  Played played;
  auto peer = played.begin();
  const qi::Bytes small(10, 1), large(5'000'000, 2);
  const auto sizes = {&small, &large, &small, &large, &large, &small};
  for (const auto* payload : sizes) played.connection->post({5, 1, 100}, *payload);
  EXPECT_GT(played.connection->queued(), large.size());
  for (const auto* payload : sizes) EXPECT_EQ(peer.message().payload, *payload);
  for (const auto* payload : {&large, &small}) played.connection->post({5, 1, 100}, *payload);
  EXPECT_LT(played.connection->queued(), large.size() + 100) << "a part has left";
  for (const auto* payload : {&large, &small}) EXPECT_EQ(peer.message().payload, *payload);
  played.connection->close({Code::connectionLost, "done", {}});
}

TEST(Connection, takesBackWhatHasNotBegunToLeave) {
  for (const bool isWithTheSocket : {false, true}) {
    Played played;
    auto peer = played.begin();
    played.connection->post({5, 1, 100}, qi::Bytes(14'000'000));  // which begins to leave, and stays in the way
    played.connection->post({5, 1, 101}, {});
    Outcome taken, other;
    played.connection->call({5, 1, 101}, {}, 5s, taken.handler());
    played.connection->call({5, 1, 102}, {}, 5s, other.handler());
    if (isWithTheSocket) played.loop.poll();  // as far as it takes it
    ASSERT_GT(played.connection->queued(), 1'000'000u);
    played.connection->takeBack([](const qi::Message& message) { return message.header.address.action <= 101; });
    ASSERT_TRUE(taken.done);
    EXPECT_EQ(taken.error->code, Code::canceled);
    EXPECT_FALSE(other.done);
    EXPECT_EQ(peer.message().header.address, (qi::Address{5, 1, 100})) << "what has begun to leave goes on";
    for (int i = 0; i < 2; ++i) {
      const auto instead = peer.message().header;
      EXPECT_EQ(instead.type, MessageType::post);
      EXPECT_NE(instead.address.service, 5u);
    }
    auto asked = peer.message().header;
    EXPECT_EQ(asked.address, (qi::Address{5, 1, 102}));
    asked.type = MessageType::reply;
    peer.send(asked);
    ASSERT_TRUE(played.loop.runUntil([&] { return other.done; }));
    EXPECT_FALSE(other.error);
    played.connection->close({Code::connectionLost, "done", {}});
  }
}

TEST(Connection, neverAnswersBeforeTheCallReturns) {
  Played played;
  Outcome early;
  played.connection->call({5, 1, 100}, {}, 5s, early.handler());
  EXPECT_FALSE(early.done);
  ASSERT_TRUE(played.loop.runUntil([&] { return early.done; }));
  EXPECT_EQ(early.error->code, Code::connectionLost);
}

TEST(Connection, endsACallAtItsDeadlineAndIgnoresTheLateAnswer) {
  Played played;
  auto peer = played.begin();
  Outcome outcome;
  const auto begun = std::chrono::steady_clock::now();
  played.connection->call({5, 1, 100}, {}, 100ms, outcome.handler());
  const auto asked = peer.message();
  ASSERT_TRUE(played.loop.runUntil([&] { return outcome.done; }));
  const auto taken = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(taken, 100ms);
  EXPECT_LT(taken, 1s);
  EXPECT_EQ(outcome.error->code, Code::timedOut);
  EXPECT_FALSE(outcome.error->nextStep.empty());
  const auto cancel = peer.message();
  EXPECT_EQ(cancel.header.type, MessageType::cancel);
  EXPECT_EQ(cancel.as<std::uint32_t>(), asked.header.id);

  auto late = asked.header;
  late.type = MessageType::reply;
  peer.send(late);
  Outcome next;
  played.connection->call({5, 1, 100}, {}, 5s, next.handler());
  late = peer.message().header;
  late.type = MessageType::reply;
  peer.send(late, qi::encode(3));
  ASSERT_TRUE(played.loop.runUntil([&] { return next.done; }));
  EXPECT_FALSE(next.error);
}

TEST(Connection, sendsWhatItWasGivenBeforeItCloses) {
  Played played;
  auto peer = played.begin();
  played.connection->post({5, 1, 100}, qi::encode(7));
  played.connection->close({Code::connectionLost, "enough", {}});
  EXPECT_EQ(peer.message().as<int>(), 7);
  EXPECT_TRUE(peer.closes());
}

TEST(Connection, failsCallsInFlightWhenThePeerGoes) {
  Played played;
  auto peer = played.begin();
  Outcome outcomes[2];
  std::optional<Error> ended;
  played.connection->onClosed([&](const Error& reason) {
    EXPECT_TRUE(outcomes[0].done && outcomes[1].done);
    ended = reason;
  });
  for (auto& outcome : outcomes) played.connection->call({5, 1, 100}, {}, 5s, outcome.handler());
  peer.message();
  peer.close();
  ASSERT_TRUE(played.loop.runUntil([&] { return ended.has_value(); }));
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.error->code, Code::connectionLost);
    EXPECT_EQ(outcome.error->cause, "the connection to " + played.connection->peer() + " ended");
    EXPECT_EQ(outcome.error->nextStep, "check that the peer still runs, then connect again");
  }
  EXPECT_FALSE(played.connection->isOpen());
}

TEST(Connection, saysThatItEndedInTheMiddleOfAMessage) {
  Played played;
  auto peer = played.begin();
  Outcome outcome;
  played.connection->call({5, 1, 100}, {}, 5s, outcome.handler());
  auto header = peer.message().header;
  header.type = MessageType::reply;
  header.payloadSize = 100;
  const auto bytes = header.encode();
  peer.send(qi::Bytes(bytes.begin(), bytes.end()));
  peer.shutdownSend();
  ASSERT_TRUE(played.loop.runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->cause,
            "the connection to " + played.connection->peer() + " ended in the middle of a message");
}

TEST(Connection, tellsTheServicesOwnErrorAndACancellation) {
  Played played;
  auto peer = played.begin();
  const auto answered = [&](MessageType type, const qi::Bytes& payload) {
    Outcome outcome;
    played.connection->call({5, 1, 100}, {}, 5s, outcome.handler());
    auto header = peer.message().header;
    header.type = type;
    peer.send(header, payload);
    EXPECT_TRUE(played.loop.runUntil([&] { return outcome.done; }));
    EXPECT_EQ(outcome.error->code, type == MessageType::canceled ? Code::canceled : Code::callFailed);
    return outcome.error->cause;
  };
  EXPECT_EQ(answered(MessageType::error, qi::encodeErrorText("out of paper")), "out of paper");
  EXPECT_EQ(answered(MessageType::error, {1, 2, 3}), "an error without a readable text (3 bytes)");
  EXPECT_EQ(answered(MessageType::canceled, {}), "the call was canceled");
}

TEST(Connection, refusesWhatIsTooLargeToSend) {
  SampleBus bus;
  const auto connection = bus.connect();
  Outcome outcome;
  const qi::Bytes huge(qi::limits::maxPayload + 1);
  connection->call(SampleBus::member(bus.sample.ids.size), huge, 5s, outcome.handler());
  ASSERT_TRUE(bus.loop.runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->code, Code::tooLarge);

  Outcome answer;
  connection->call(SampleBus::member(bus.sample.ids.big), qi::encode(qi::limits::maxPayload), 5s, answer.handler());
  ASSERT_TRUE(bus.loop.runUntil([&] { return answer.done; }));
  EXPECT_EQ(answer.error->cause, "the answer takes 67108868 bytes, the limit is 67108864");
  EXPECT_TRUE(connection->isReady());
}

TEST(Connection, refusesCallsWhileThePeerDoesNotRead) {
  Played played;
  auto peer = played.begin();
  const qi::Bytes megabyte(1024 * 1024);
  std::vector<Outcome> outcomes(60);
  for (auto& outcome : outcomes) {
    played.connection->call({5, 1, 100}, megabyte, 5s, outcome.handler());
    played.loop.poll();
    EXPECT_LE(played.connection->queued(), Connection::maxQueued + megabyte.size() + qi::Header::size);
  }
  ASSERT_TRUE(outcomes.back().done);
  EXPECT_EQ(outcomes.back().error->code, Code::overloaded);
  EXPECT_EQ(outcomes.back().error->nextStep, "wait for answers before calling again");
  EXPECT_FALSE(outcomes.front().done);

  // It recovers when the peer reads again.
  int arrived = 0;
  for (; played.connection->queued() > 0; ++arrived) peer.message();
  Outcome next;
  played.connection->call({5, 1, 101}, {}, 5s, next.handler());
  for (;;) {
    auto asked = peer.message();
    ++arrived;
    if (asked.header.address.action != 101) continue;
    asked.header.type = MessageType::reply;
    peer.send(asked.header);
    break;
  }
  ASSERT_TRUE(played.loop.runUntil([&] { return next.done; }));
  EXPECT_FALSE(next.error);
  EXPECT_GT(arrived, 16);
  EXPECT_LT(arrived, 61);
}

TEST(Connection, dropsAndCountsEventsForAPeerThatDoesNotReadAndLeavesTheOthersAlone) {
  SampleBus bus;
  RawPeer asleep(bus.loop, bus.endpoint);
  asleep.authenticate();
  const auto arguments = qi::encodeAll({}, sampleService, bus.sample.ids.blob, std::uint64_t{1});
  asleep.ask(SampleBus::member(qi::action::registerEvent), arguments);
  const auto sleeper = bus.host.callers.begin()->second;

  const auto object = bus.open();
  int arrived = 0;
  const auto subscription = bus.loop.await(object->subscribe("blob", [&](const qi::Value&) { ++arrived; })).value();
  const qi::Bytes blob(256 * 1024, 0x11);
  const int events = 160;  // 40 MB
  for (int i = 1; i <= events; ++i) {
    (*bus.sample.blob)(blob);
    ASSERT_TRUE(bus.loop.runUntil([&] { return arrived == i; })) << "event " << i;
    ASSERT_LE(sleeper->queued(), Connection::maxQueued + blob.size() + qi::Header::size + 4);
  }
  EXPECT_GT(sleeper->droppedEvents(), 0u);
  EXPECT_TRUE(sleeper->isReady());

  // Whole messages, in order, up to the first that was dropped.
  std::uint64_t received = 0;
  while (received + sleeper->droppedEvents() < events) {
    EXPECT_EQ(asleep.message().payload.size(), blob.size() + 4);
    ++received;
  }
  (*bus.sample.blob)({1, 2, 3});
  EXPECT_EQ(asleep.message().as<qi::Bytes>(), (qi::Bytes{1, 2, 3}));
}

TEST(Connection, readsNoFurtherCallsWhileTheirAnswersPileUp) {
  SampleBus bus;
  RawPeer peer(bus.loop, bus.endpoint);
  peer.authenticate();
  // 28 + 4 bytes each, all in one read: 64 answers of a megabyte.
  const int calls = 64;
  const auto one = RawPeer::whole({1, 0, 0, MessageType::call, 0, SampleBus::member(bus.sample.ids.big)},
                                  qi::encode(std::uint32_t{1024 * 1024}));
  qi::Bytes all;
  for (int i = 0; i < calls; ++i) all.insert(all.end(), one.begin(), one.end());
  peer.send(std::move(all));
  ASSERT_TRUE(bus.loop.runUntil([&] { return !bus.host.callers.empty(); }));
  const auto connection = bus.host.callers.begin()->second;
  for (int i = 0; i < calls; ++i) {
    EXPECT_LE(connection->queued(), Connection::maxQueued + 2 * 1024 * 1024);
    ASSERT_EQ(peer.message().payload.size(), 1024u * 1024 + 4);
  }
  EXPECT_EQ(peer.ask(SampleBus::member(bus.sample.ids.add), qi::encodeAll({}, 1, 2)).as<int>(), 3);
}

TEST(Connection, doesNotLockUpWhenBothEndsSendMoreThanTheQueueHolds) {
  SampleBus bus;
  test::Sample mine;
  ObjectHost host;
  host.add(9, qi::mainObject, mine.object);
  const auto connection = bus.connect({.receiver = &host});
  Outcome hello;
  connection->call(SampleBus::member(bus.sample.ids.nothing), {}, 5s, hello.handler());
  ASSERT_TRUE(bus.loop.runUntil([&] { return hello.done; }));
  const auto serverEnd = bus.host.callers.begin()->second;

  const auto large = qi::encode(qi::Bytes(Connection::maxQueued + 1024 * 1024));
  Outcome forth, back;
  connection->call(SampleBus::member(bus.sample.ids.size), large, 9s, forth.handler());
  serverEnd->call({9, qi::mainObject, mine.ids.size}, large, 9s, back.handler());
  ASSERT_TRUE(bus.loop.runUntil([&] { return forth.done && back.done; }));
  EXPECT_FALSE(forth.error);
  EXPECT_FALSE(back.error);
  connection->setReceiver(nullptr);
  connection->close({Code::connectionLost, "done", {}});
}

TEST(Connection, answersCallsItselfWhereNobodyReceives) {
  Played played;
  auto peer = played.begin();
  EXPECT_EQ(peer.ask({1, 1, 100}).errorText(), "The call request could not be handled.");
}

TEST(Connection, givesEventsToTheirListener) {
  Played played;
  auto peer = played.begin();
  std::vector<std::uint32_t> heard;
  played.connection->listen(5, 1, [&](const qi::Message& message) { heard.push_back(message.header.address.action); });
  const auto event = [&](qi::Address address) { peer.send({1, 0, 0, MessageType::event, 0, address}); };
  event({5, 1, 100});
  event({6, 1, 101});
  event({5, 2, 102});
  event({5, 1, 103});
  ASSERT_TRUE(played.loop.runUntil([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard, (std::vector<std::uint32_t>{100, 103}));
  played.connection->listen(5, 1, nullptr);
  event({5, 1, 104});
  EXPECT_EQ(peer.ask({1, 1, 1}).header.type, MessageType::error);
  EXPECT_EQ(heard.size(), 2u);
}

TEST(Connection, endsOnceWhateverHappens) {
  SampleBus bus;
  const auto connection = bus.connect();
  int ends = 0;
  connection->onClosed([&](const Error& reason) {
    ++ends;
    EXPECT_EQ(reason.cause, "first");
    connection->close({Code::connectionLost, "again", {}});
  });
  connection->close({Code::connectionLost, "first", {}});
  connection->close({Code::connectionLost, "second", {}});
  EXPECT_EQ(ends, 1);
  connection->post(SampleBus::member(bus.sample.ids.nothing), {});
  EXPECT_FALSE(connection->sendEvent(SampleBus::member(bus.sample.ids.ticked), {}));
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.host.ended == 1; }));
}

}  // namespace
}  // namespace beckon::localbus
