#include "tests/localbus/object_sample.hpp"
#include "tests/localbus/played.hpp"

#include <gtest/gtest.h>

// Calls that their caller no longer wants.
namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using qi::MessageType;
using run::Code;
using test::Counter;
using test::ObjectsBus;
using test::Outcome;
using test::Played;
using test::RawPeer;

// Calls of Counter::later, which honours a cancel; of Sample::later, which does not know of them.
class CancelTest : public testing::Test {
 protected:
  CancelTest() { bus.host.add(8, qi::mainObject, counter.object); }

  static std::uint32_t later(const Counter& of) { return of.object->metaObject().findMethod("later")->uid; }
  std::uint32_t callLater(Connection& from, Outcome& outcome, Duration timeout = test::Loop::patience) {
    const auto before = counter.waiting.size();
    const auto call = from.call({8, qi::mainObject, later(counter)}, {}, timeout, outcome.handler());
    EXPECT_TRUE(runUntil([&] { return counter.waiting.size() > before; }));
    return call;
  }
  std::uint32_t callLater(RawPeer& from) {
    const auto before = counter.waiting.size();
    const auto call = from.call({8, qi::mainObject, later(counter)});
    EXPECT_TRUE(runUntil([&] { return counter.waiting.size() > before; }));
    return call;
  }
  static void cancel(RawPeer& from, std::uint32_t call) {
    from.send({99, 0, 0, MessageType::cancel, 0, {8, qi::mainObject, 0}}, qi::encode(call));
  }
  // Everything that was sent before has been handled, and nothing was answered to it.
  int ask(RawPeer& from) { return from.ask({8, qi::mainObject, counter.ids.add}, qi::encode(1)).as<int>(); }
  bool runUntil(const std::function<bool()>& done) { return bus.loop.runUntil(done); }

  ObjectsBus bus;
  Counter counter;
};

TEST_F(CancelTest, endsACallWhoseMethodHonoursIt) {
  const auto client = bus.join();
  Outcome outcome;
  const auto call = callLater(*client, outcome);
  EXPECT_TRUE(client->cancel(call));
  ASSERT_TRUE(runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->code, Code::canceled);
  EXPECT_EQ(counter.cancels, 1);
  EXPECT_FALSE(client->cancel(call)) << "it has ended";
}

TEST_F(CancelTest, leavesTheAnswerToAMethodThatGoesOn) {
  test::Sample sample;
  bus.host.add(9, qi::mainObject, sample.object);
  const auto client = bus.join();
  Outcome outcome, next;
  const auto call =
      client->call({9, qi::mainObject, sample.ids.later}, qi::encode(1), test::Loop::patience, outcome.handler());
  EXPECT_TRUE(client->cancel(call));
  client->call({9, qi::mainObject, sample.ids.nothing}, {}, test::Loop::patience, next.handler());
  ASSERT_TRUE(runUntil([&] { return next.done; }));
  EXPECT_FALSE(outcome.done);
  sample.waiting.at(0).first(42);
  ASSERT_TRUE(runUntil([&] { return outcome.done; }));
  EXPECT_EQ(qi::decode<int>(outcome.payload).value(), 42);
}

TEST_F(CancelTest, isAnsweredByCanceledWithTheCallsAddress) {
  auto peer = bus.raw();
  const auto call = callLater(peer);
  cancel(peer, call);
  const auto answer = peer.message();
  EXPECT_EQ(answer.header.type, MessageType::canceled);
  EXPECT_EQ(answer.header.id, call);
  EXPECT_EQ(answer.header.address, (qi::Address{8, qi::mainObject, later(counter)}));
  EXPECT_TRUE(answer.payload.empty());
}

TEST_F(CancelTest, ofAnUnknownCallIsIgnored) {
  auto peer = bus.raw();
  const auto call = callLater(peer);
  cancel(peer, call + 1000);
  peer.send({99, 0, 0, MessageType::cancel, 0, {8, qi::mainObject, 0}}, {});  // of no call at all
  EXPECT_EQ(ask(peer), 1);
  EXPECT_EQ(counter.cancels, 0);
}

TEST_F(CancelTest, isOneConnectionsOwn) {
  auto peer = bus.raw(), other = bus.raw();
  const auto call = callLater(peer);
  cancel(other, call);
  EXPECT_EQ(ask(other), 1);
  EXPECT_EQ(counter.cancels, 0);
}

TEST_F(CancelTest, isNotSentToAPeerThatDoesNotKnowIt) {
  Played played;
  auto peer = played.begin(test::capabilitiesWith(qi::capability::remoteCancelableCalls, false));
  Outcome outcome;
  const auto call = played.connection->call({5, 1, 100}, {}, 50ms, outcome.handler());
  EXPECT_FALSE(played.connection->cancel(call));
  auto asked = peer.message();
  // Nor at its deadline.
  ASSERT_TRUE(played.loop.runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->code, Code::timedOut);
  Outcome next;
  played.connection->call({5, 1, 101}, {}, test::Loop::patience, next.handler());
  EXPECT_EQ(peer.message().header.address.action, 101u);
  played.connection->close({Code::connectionLost, "done", {}});
}

TEST_F(CancelTest, isAnErrorForAPeerThatDoesNotKnowTheAnswer) {
  auto peer = bus.raw(test::capabilitiesWith(qi::capability::remoteCancelableCalls, false));
  const auto call = callLater(peer);
  counter.waiting[0].canceled();
  const auto answer = peer.message();
  EXPECT_EQ(answer.header.type, MessageType::error);
  EXPECT_EQ(answer.header.id, call);
  EXPECT_EQ(answer.errorText(), "Call has been canceled.");
}

TEST_F(CancelTest, ofItsOwnAccordEndsACallToo) {
  auto peer = bus.raw();
  const auto call = callLater(peer);
  counter.waiting[0].canceled();
  const auto answer = peer.message();
  EXPECT_EQ(answer.header.type, MessageType::canceled);
  EXPECT_EQ(answer.header.id, call);
  counter.waiting[0](3);  // too late
  counter.waiting.clear();
  EXPECT_EQ(ask(peer), 1);
}

TEST_F(CancelTest, isSentAtTheDeadline) {
  const auto client = bus.join();
  Outcome outcome;
  callLater(*client, outcome, 60ms);
  ASSERT_TRUE(runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->code, Code::timedOut);
  EXPECT_TRUE(runUntil([&] { return counter.cancels == 1; }));
}

TEST_F(CancelTest, happensOnceToACallWhoseCallerGoes) {
  auto peer = bus.raw();
  callLater(peer);
  callLater(peer);
  peer.close();
  ASSERT_TRUE(runUntil([&] { return counter.cancels == 2; }));
  EXPECT_FALSE(bus.lastEnd->isOpen());
  // Who only now says what to do when nobody waits is told so at once, but not within.
  int told = 0;
  bus.lastEnd->onCancel(3, [&] { ++told; });
  EXPECT_EQ(told, 0);
  EXPECT_TRUE(runUntil([&] { return told == 1; }));
  EXPECT_EQ(counter.cancels, 2);
}

TEST_F(CancelTest, happensOnceHoweverOftenItIsSent) {
  int cancels = 0;
  std::optional<Reply<int>> waiting;
  ObjectBuilder builder;
  const auto method = builder.method("goesOn", [&](Reply<int> reply) {
    reply.onCancel([&] { ++cancels; });
    waiting.emplace(std::move(reply));
  });
  bus.host.add(9, qi::mainObject, builder.build());
  auto peer = bus.raw();
  const auto call = peer.call({9, qi::mainObject, method});
  for (int i = 0; i < 3; ++i) cancel(peer, call);
  EXPECT_EQ(ask(peer), 1);
  EXPECT_EQ(cancels, 1);
  (*waiting)(5);
  EXPECT_EQ(peer.message().as<int>(), 5);
}

TEST_F(CancelTest, doesNothingToACallThatHasAnAnswer) {
  auto peer = bus.raw();
  const auto call = callLater(peer);
  counter.waiting[0](7);
  EXPECT_EQ(peer.message().as<int>(), 7);
  cancel(peer, call);
  EXPECT_EQ(ask(peer), 1);
  peer.close();
  ASSERT_TRUE(runUntil([&] { return bus.host.ended == 1; }));
  EXPECT_EQ(counter.cancels, 0);
}

TEST_F(CancelTest, survivesTwoCallsOfOneId) {
  auto peer = bus.raw();
  const auto send = [&] { peer.send({50, 0, 0, MessageType::call, 0, {8, qi::mainObject, later(counter)}}); };
  send();
  send();
  ASSERT_TRUE(runUntil([&] { return counter.waiting.size() == 2; }));
  cancel(peer, 50);
  cancel(peer, 50);
  // Each is answered once.
  for (int i = 0; i < 2; ++i) EXPECT_EQ(peer.message().header.type, MessageType::canceled);
  EXPECT_EQ(ask(peer), 1);
  counter.waiting.clear();
  send();
  send();
  ASSERT_TRUE(runUntil([&] { return counter.waiting.size() == 2; }));
  counter.waiting[1](1);
  counter.waiting[0](2);
  EXPECT_EQ(peer.message().as<int>() + peer.message().as<int>(), 3);
  send();
  peer.reset();
  EXPECT_TRUE(runUntil([&] { return bus.host.ended == 1; }));
}

}  // namespace
}  // namespace beckon::localbus
