#include "tests/localbus/mebibyte.hpp"
#include "tests/localbus/object_sample.hpp"
#include "tests/localbus/played.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Objects in messages that never left: nobody can ever terminate them.
namespace beckon::localbus {
namespace {

using run::Code;
using test::Counter;
using test::mebibyte;
using test::ObjectsBus;
using test::Outcome;
using test::OwnObject;
using test::sampleService;
using testing::HasSubstr;

class UndeliveredObjects : public testing::Test {
 protected:
  // Arguments with an object that no message can hold.
  qi::Bytes tooMuch(const RemoteObject& to, const OwnObject& object) const {
    return qi::encodeAll(to.argumentFormat(), object, qi::Bytes(qi::limits::maxPayload));
  }
  ObjectsBus bus;
  Counter& counter = bus.service.counter;
};

TEST_F(UndeliveredObjects, inEventsForAPeerThatDoesNotReadAreNotKept) {
  auto peer = bus.raw();
  peer.ask(ObjectsBus::member(qi::action::registerEvent),
           qi::encodeAll({}, sampleService, bus.service.ids.made, std::uint64_t{1}));
  (*bus.service.made)(counter.object);
  EXPECT_EQ(bus.lastEnd->objects().size(), 1u);
  const qi::Bytes large(mebibyte);
  while (bus.lastEnd->sendEvent({sampleService, 1, 999}, large)) bus.loop.poll();
  const auto dropped = bus.lastEnd->droppedEvents();
  for (int i = 0; i < 3; ++i) (*bus.service.made)(counter.object);
  EXPECT_EQ(bus.lastEnd->objects().size(), 1u);
  EXPECT_EQ(bus.lastEnd->droppedEvents(), dropped + 3);
}

TEST_F(UndeliveredObjects, inAnAnswerThatIsTooLargeAreNotKept) {
  ObjectBuilder builder;
  const auto bulky = builder.method("bulky", [this](std::uint32_t size) {
    return std::tuple<OwnObject, qi::Bytes>(counter.object, qi::Bytes(size));
  });
  bus.host.add(8, qi::mainObject, builder.build());
  auto peer = bus.raw();
  peer.ask({8, qi::mainObject, bulky}, qi::encode(std::uint32_t{1}));
  EXPECT_EQ(bus.lastEnd->objects().size(), 1u);
  EXPECT_THAT(peer.ask({8, qi::mainObject, bulky}, qi::encode(qi::limits::maxPayload)).errorText(),
              HasSubstr("the limit is"));
  EXPECT_EQ(bus.lastEnd->objects().size(), 1u);
}

TEST_F(UndeliveredObjects, inACallOrPostThatIsRefusedAreNotKept) {
  const auto client = bus.open(bus.join());
  Counter mine;
  Outcome outcome;
  client->callAction(bus.service.ids.keep, tooMuch(*client, mine.object), test::Loop::patience, outcome.handler());
  EXPECT_EQ(client->connection()->objects().size(), 0u);
  client->postAction(bus.service.ids.keep, tooMuch(*client, mine.object));
  EXPECT_EQ(client->connection()->objects().size(), 0u);
  ASSERT_TRUE(bus.loop.runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->code, Code::tooLarge);
  // Those of calls before and after are.
  ASSERT_TRUE(bus.call(client, "keep", mine.object));
  client->postAction(bus.service.ids.keep, tooMuch(*client, mine.object));
  EXPECT_EQ(client->connection()->objects().size(), 1u);
  EXPECT_EQ(bus.add(bus.service.kept, 1), 1);
}

TEST_F(UndeliveredObjects, leaveNoMetaObjectInTheCache) {
  const auto caching = test::capabilitiesWith(qi::capability::metaObjectCache, true);
  const auto client = bus.open(bus.join(caching, caching));
  Counter mine;
  client->postAction(bus.service.ids.keep, tooMuch(*client, mine.object));
  for (int i : {1, 2}) EXPECT_EQ(qi::fromValue<int>(bus.call(client, "use", mine.object, 1).value()).value(), i);
}

}  // namespace
}  // namespace beckon::localbus
