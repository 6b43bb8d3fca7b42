#include "localbus/forwarded_object.hpp"

#include "tests/localbus/object_sample.hpp"
#include "tests/localbus/played.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// An object of one client that the service passes on to another: three processes.
namespace beckon::localbus {
namespace {

using run::Code;
using test::Counter;
using test::ObjectsBus;
using test::Outcome;
using test::OwnObject;
using test::Proxy;
using testing::HasSubstr;

class ForwardedObjectTest : public testing::Test {
 protected:
  ForwardedObjectTest() {
    EXPECT_TRUE(bus.call(owner, "keep", mine.object));
    object = bus.fetch(user, "kept");
  }
  std::shared_ptr<RemoteObject::Subscription> subscribe(const Proxy& to, std::vector<std::int32_t>& heard) {
    return bus.loop
        .await(to->subscribe("counted",
                             [&heard](const qi::Value& event) {
                               heard.push_back(std::get<0>(qi::fromValue<std::tuple<std::int32_t>>(event).value()));
                             }))
        .value();
  }
  std::uint32_t callLater(Outcome& outcome) {
    const auto calls = mine.waiting.size();
    const auto call =
        object->callAction(object->metaObject().findMethod("later")->uid, {}, test::Loop::patience, outcome.handler());
    EXPECT_TRUE(runUntil([&] { return mine.waiting.size() > calls; }));
    return call;
  }
  bool runUntil(const std::function<bool()>& done) { return bus.loop.runUntil(done); }
  std::size_t listeners() const { return mine.object->subscriberCount(mine.ids.counted); }

  ObjectsBus bus;
  Counter child;
  Counter mine{child.object};
  Proxy owner = bus.open(bus.join()), user = bus.open(bus.join());
  Proxy object;  // as the user has it
};

TEST_F(ForwardedObjectTest, carriesCallsAndErrorsThrough) {
  EXPECT_EQ(bus.add(object, 3), 3);
  EXPECT_EQ(bus.add(object, 4), 7);
  EXPECT_EQ(mine.total, 7);
  const auto error = bus.call(object, "fail").error();
  EXPECT_EQ(error.code, Code::callFailed);
  EXPECT_THAT(error.cause, HasSubstr("deliberate failure"));
}

TEST_F(ForwardedObjectTest, keepsWhatTheObjectIs) {
  EXPECT_EQ(object->uid(), mine.object->uid());
  EXPECT_EQ(object->metaObject(), mine.object->metaObject());
  const auto meta = bus.call(object, "metaObject", std::uint32_t{0}).value();
  EXPECT_EQ(qi::fromValue<qi::MetaObject>(meta).value(), mine.object->metaObject());
}

TEST_F(ForwardedObjectTest, carriesPostsThrough) {
  EXPECT_TRUE(object->post("add", test::tuple(5)));
  EXPECT_TRUE(runUntil([&] { return mine.total == 5; }));
  // To a signal.
  std::vector<std::int32_t> heard;
  const auto subscription = subscribe(object, heard);
  object->postAction(mine.ids.counted, qi::encode(8));
  ASSERT_TRUE(runUntil([&] { return !heard.empty(); }));
  EXPECT_EQ(heard[0], 8);
}

TEST_F(ForwardedObjectTest, refusesWhatTheObjectDoesNotHave) {
  Outcome outcome;
  object->callAction(9999, {}, test::Loop::patience, outcome.handler());
  ASSERT_TRUE(runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->cause, "No such method");
  Outcome short_;
  object->callAction(mine.ids.add, {}, test::Loop::patience, short_.handler());
  ASSERT_TRUE(runUntil([&] { return short_.done; }));
  EXPECT_EQ(short_.error->cause, "ISerialization error Status Read Past End");
  // Posts of either kind are dropped.
  object->postAction(9999, {});
  object->postAction(mine.ids.add, {});
  object->postAction(mine.ids.counted, {});
  EXPECT_EQ(bus.add(object, 1), 1);
}

TEST_F(ForwardedObjectTest, carriesPropertiesThrough) {
  EXPECT_TRUE(bus.loop.await(object->setProperty("step", 6)));
  EXPECT_EQ(mine.step->get(), 6);
  EXPECT_EQ(qi::fromValue<int>(bus.loop.await(object->property("step")).value()).value(), 6);
}

TEST_F(ForwardedObjectTest, servesItsListenersWithOneSubscription) {
  const auto again = bus.fetch(user, "kept");
  std::vector<std::int32_t> heard, other;
  auto one = subscribe(object, heard);
  ASSERT_TRUE(runUntil([&] { return listeners() == 1; }));
  const auto two = subscribe(again, other);
  EXPECT_EQ(bus.add(again, 1), 1);
  (*mine.counted)(1);
  ASSERT_TRUE(runUntil([&] { return heard.size() == 1 && other.size() == 1; }));
  EXPECT_EQ(listeners(), 1u);
  one.reset();
  EXPECT_EQ(bus.add(object, 1), 2);
  (*mine.counted)(2);
  ASSERT_TRUE(runUntil([&] { return other.size() == 2; }));
  EXPECT_EQ(heard.size(), 1u);
  one = subscribe(object, heard);
  EXPECT_EQ(bus.add(object, 1), 3);
  (*mine.counted)(3);
  ASSERT_TRUE(runUntil([&] { return heard.size() == 2 && other.size() == 3; }));
  EXPECT_EQ(heard.back(), 3);
}

TEST_F(ForwardedObjectTest, endsItsSubscriptionWithTheLastListener) {
  std::vector<std::int32_t> heard;
  auto subscription = subscribe(object, heard);
  ASSERT_TRUE(runUntil([&] { return listeners() == 1; }));
  subscription.reset();
  ASSERT_TRUE(runUntil([&] { return listeners() == 0; }));
  subscription = subscribe(object, heard);
  ASSERT_TRUE(runUntil([&] { return listeners() == 1; }));
  // One that goes without a word.
  user->connection()->close({Code::connectionLost, "enough", {}});
  EXPECT_TRUE(runUntil([&] { return listeners() == 0; }));
}

TEST_F(ForwardedObjectTest, carriesCancelsThrough) {
  Outcome outcome;
  const auto call = callLater(outcome);
  EXPECT_TRUE(object->connection()->cancel(call));
  ASSERT_TRUE(runUntil([&] { return outcome.done; }));
  EXPECT_EQ(mine.cancels, 1);
  EXPECT_EQ(outcome.error->code, Code::canceled);
}

TEST_F(ForwardedObjectTest, cancelsWhatItsCallerLeft) {
  Outcome outcome;
  callLater(outcome);
  user->connection()->close({Code::connectionLost, "enough", {}});
  EXPECT_TRUE(outcome.done);
  EXPECT_TRUE(runUntil([&] { return mine.cancels == 1; }));
}

TEST_F(ForwardedObjectTest, answersACallThatWaitsWhenTheOwnerGoes) {
  Outcome outcome;
  callLater(outcome);
  owner->connection()->close({Code::connectionLost, "enough", {}});
  ASSERT_TRUE(runUntil([&] { return outcome.done; }));
  EXPECT_THAT(outcome.error->cause, HasSubstr("ended"));
  EXPECT_THAT(bus.call(object, "add", 1).error().cause, HasSubstr("is closed"));
  EXPECT_TRUE(user->connection()->isReady());
}

TEST_F(ForwardedObjectTest, carriesObjectsInResultsThrough) {
  const auto inner = bus.fetch(object, "child");
  EXPECT_EQ(inner->uid(), child.object->uid());
  EXPECT_EQ(bus.add(inner, 2), 2);
  EXPECT_EQ(child.total, 2);
}

TEST_F(ForwardedObjectTest, carriesObjectsInArgumentsThrough) {
  Counter users;
  EXPECT_TRUE(qi::fromValue<bool>(bus.call(object, "takes", users.object).value()).value());
  ASSERT_TRUE(mine.taken);
  EXPECT_EQ(mine.taken->uid(), users.object->uid());
  EXPECT_EQ(bus.add(mine.taken, 3), 3);
  EXPECT_EQ(users.total, 3);
  mine.taken.reset();
  EXPECT_TRUE(runUntil([&] { return user->connection()->objects().size() == 0; }));
  EXPECT_FALSE(qi::fromValue<bool>(bus.call(object, "takes", OwnObject()).value()).value());
}

TEST_F(ForwardedObjectTest, letsTheObjectGoWhenNobodyNeedsIt) {
  bus.service.kept.reset();
  EXPECT_EQ(bus.add(object, 1), 1);
  EXPECT_EQ(owner->connection()->objects().size(), 1u);
  object.reset();
  EXPECT_TRUE(runUntil([&] { return owner->connection()->objects().size() == 0; }));
}

TEST_F(ForwardedObjectTest, goesBackToItsOwnerAsWell) {
  const auto back = bus.fetch(owner, "kept");
  EXPECT_EQ(back->uid(), mine.object->uid());
  EXPECT_EQ(bus.add(back, 1), 1);
}

TEST_F(ForwardedObjectTest, hasAUidOfItsOwnWhereTheOwnerTellsNone) {
  const auto plain = bus.open(bus.join(test::capabilitiesWith(qi::capability::objectPtrUid, false)));
  ASSERT_TRUE(bus.call(plain, "keep", mine.object));
  const auto passed = bus.fetch(user, "kept");
  EXPECT_NE(passed->uid(), qi::ObjectUid{});
  EXPECT_EQ(bus.add(passed, 1), 1);
}

}  // namespace
}  // namespace beckon::localbus
