#include "tests/localbus/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// A subscriber that does not read: what it gets later of each class of signal, and what others notice of it.
namespace beckon::localbus {
namespace {

using test::RawPeer;
using test::SampleBus;

constexpr std::uint32_t blobService = 8;
constexpr int blobCount = 100;
const std::size_t blobSize = 256 * 1024;

qi::Bytes blob(int number) { return qi::Bytes(blobSize, static_cast<std::uint8_t>(number)); }

class SlowSubscriberTest : public testing::Test {
 protected:
  SlowSubscriberTest() {
    ObjectBuilder builder;
    event.emplace(builder.signal<qi::Bytes>("event"));
    stream.emplace(builder.signal<qi::Bytes>("stream", SignalClass::stream));
    state.emplace(builder.property<qi::Bytes>("state", {}));
    object = builder.build();
    bus.host.add(blobService, qi::mainObject, object);
    slow.authenticate();
    for (const auto signal : {eventId, streamId, stateId})
      slow.ask({blobService, qi::mainObject, qi::action::registerEvent},
               qi::encodeAll({}, blobService, signal, std::uint64_t{signal}));
  }
  void emitAll(int number) {
    (*event)(blob(number));
    (*stream)(blob(number));
    state->set(blob(number));
  }

  static constexpr std::uint32_t eventId = 100, streamId = 101, stateId = 102;
  SampleBus bus;
  std::optional<SignalHandle<qi::Bytes>> event, stream;
  std::optional<PropertyHandle<qi::Bytes>> state;
  std::shared_ptr<Object> object;
  RawPeer slow{bus.loop, bus.endpoint};
};

TEST_F(SlowSubscriberTest, slowsNobodyAndGetsOfEachSignalWhatItsClassSays) {
  const auto reader = bus.loop.await(RemoteObject::open(bus.connect(), blobService, "Blobs")).value();
  std::map<std::string, int> heard;
  std::vector<std::shared_ptr<RemoteObject::Subscription>> kept;
  for (const char* name : {"event", "stream", "state"})
    kept.push_back(
        bus.loop.await(reader->subscribe(name, [&heard, name](const qi::Value&) { ++heard[name]; })).value());
  for (int i = 1; i <= blobCount; ++i) {
    emitAll(i);
    ASSERT_TRUE(bus.loop.runUntil([&] { return heard["event"] == i && heard["stream"] == i && heard["state"] == i; }));
  }
  const auto lostEvents = object->droppedEvents(eventId), lostOfStream = object->droppedEvents(streamId);
  EXPECT_GT(lostEvents, 0u);
  EXPECT_GT(lostOfStream, 0u);
  EXPECT_EQ(object->droppedEvents(stateId), 0u);

  std::map<std::uint32_t, std::vector<int>> got;
  while (got[eventId].size() + lostEvents < blobCount || got[streamId].size() + lostOfStream < blobCount ||
         got[stateId].empty() || got[stateId].back() != blobCount) {
    const auto frame = slow.message();
    ASSERT_EQ(frame.payload.size(), blobSize + 4);
    got[frame.header.address.action].push_back(frame.payload.back());
  }
  // Events from the first on, without a gap; of the others the newest, in order.
  for (std::size_t i = 0; i < got[eventId].size(); ++i) EXPECT_EQ(got[eventId][i], static_cast<int>(i) + 1);
  EXPECT_EQ(got[streamId].back(), blobCount);
  EXPECT_TRUE(std::ranges::is_sorted(got[streamId]));
  EXPECT_TRUE(std::ranges::is_sorted(got[stateId]));
  EXPECT_LT(got[stateId].size(), got[eventId].size());

  emitAll(7);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(slow.message().payload.back(), 7);
}

TEST_F(SlowSubscriberTest, letsNoEventOvertakeThoseThatWait) {
  for (int i = 1; i <= blobCount; ++i) {
    (*event)(blob(i));
    bus.loop.poll();
  }
  ASSERT_EQ(bus.host.callers.size(), 1u);
  const auto connection = bus.host.callers.begin()->second;
  std::vector<int> got;
  const auto read = [&] { got.push_back(slow.message().payload.back()); };
  // There is room for it again, but others came before.
  while (connection->queued() > Connection::eventRoom) read();
  const auto before = got.size();
  constexpr int last = blobCount + 1;
  (*event)(blob(last));
  while (got.empty() || got.back() != last) read();
  EXPECT_TRUE(std::ranges::is_sorted(got));
  EXPECT_GT(got.size() - before, Connection::eventRoom / blobSize + 1) << "others did wait";
  EXPECT_EQ(got.size() + connection->droppedEvents(), static_cast<std::size_t>(last));
}

TEST_F(SlowSubscriberTest, costsNoMoreMemoryThanTheLimits) {
  std::size_t most = 0;
  for (int i = 1; i <= blobCount; ++i) {
    emitAll(i);
    bus.loop.poll();
    for (const auto& [id, connection] : bus.host.callers) most = std::max(most, connection->queued());
  }
  EXPECT_LT(most, Connection::eventRoom + 4 * (blobSize + qi::Header::size + 4));
}

}  // namespace
}  // namespace beckon::localbus
