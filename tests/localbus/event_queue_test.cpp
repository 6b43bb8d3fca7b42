#include "localbus/event_queue.hpp"

#include "tests/localbus/mebibyte.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

using test::mebibyte;
using testing::ElementsAre;

class EventQueueTest : public testing::Test {
 protected:
  std::size_t add(SignalClass kind, std::uint32_t signal, std::uint8_t number, std::size_t size = 1) {
    qi::Bytes bytes(size);
    bytes[0] = number;
    return queue.add({{7, 1, signal}, 0, kind, std::move(bytes)});
  }
  // Signal and number of all that waits.
  std::vector<std::pair<std::uint32_t, int>> all() {
    std::vector<std::pair<std::uint32_t, int>> out;
    while (const auto event = queue.take()) out.emplace_back(event->address.action, event->arguments[0]);
    return out;
  }
  using Pair = std::pair<std::uint32_t, int>;
  EventQueue queue;
};

TEST_F(EventQueueTest, keepsEventsInTheirOrder) {
  for (std::uint8_t i = 0; i < 3; ++i) EXPECT_EQ(add(SignalClass::event, 100u + i % 2, i), 0u);
  EXPECT_THAT(all(), ElementsAre(Pair(100, 0), Pair(101, 1), Pair(100, 2)));
}

TEST_F(EventQueueTest, dropsAndCountsTheNewestEventsThatHaveNoRoom) {
  std::size_t lost = 0;
  for (std::uint8_t i = 0; i < 20; ++i) lost += add(SignalClass::event, 100, i, mebibyte);
  EXPECT_EQ(lost, 4u);
  const auto kept = all();
  ASSERT_EQ(kept.size(), 16u);
  EXPECT_EQ(kept.front(), Pair(100, 0));
  EXPECT_EQ(kept.back(), Pair(100, 15));
}

TEST_F(EventQueueTest, keepsTheNewestOfAState) {
  for (std::uint8_t i = 0; i < 50; ++i) EXPECT_EQ(add(SignalClass::state, 100, i, mebibyte), 0u);
  add(SignalClass::state, 101, 9);
  EXPECT_EQ(queue.bytes(), mebibyte + 1);
  EXPECT_THAT(all(), ElementsAre(Pair(100, 49), Pair(101, 9)));
}

TEST_F(EventQueueTest, keepsTheNewestOfAStateAmongTooManyEvents) {
  for (std::uint8_t i = 0; i < 16; ++i) add(SignalClass::event, 100, i, mebibyte);
  EXPECT_EQ(add(SignalClass::event, 100, 99), 1u);
  EXPECT_EQ(add(SignalClass::state, 101, 1), 0u);
  EXPECT_EQ(add(SignalClass::state, 101, 2), 0u);
  EXPECT_EQ(all().back(), Pair(101, 2));
}

TEST_F(EventQueueTest, dropsAndCountsTheOldestOfAStream) {
  std::size_t lost = 0;
  for (std::uint8_t i = 0; i < 70; ++i) lost += add(SignalClass::stream, 100, i);
  EXPECT_EQ(lost, 6u);
  const auto kept = all();
  ASSERT_EQ(kept.size(), 64u);
  EXPECT_EQ(kept.front(), Pair(100, 6));
  EXPECT_EQ(kept.back(), Pair(100, 69));
}

TEST_F(EventQueueTest, keepsFewerOfAStreamOfLargeEvents) {
  for (std::uint8_t i = 0; i < 10; ++i) add(SignalClass::stream, 100, i, mebibyte);
  EXPECT_THAT(all(), ElementsAre(Pair(100, 6), Pair(100, 7), Pair(100, 8), Pair(100, 9)));
  EXPECT_EQ(add(SignalClass::stream, 100, 1, 5 * mebibyte), 0u);
  EXPECT_EQ(add(SignalClass::stream, 100, 2, 5 * mebibyte), 1u);
  EXPECT_THAT(all(), ElementsAre(Pair(100, 2)));
}

TEST_F(EventQueueTest, letsOneStreamCostAnotherNothing) {
  add(SignalClass::stream, 101, 1);
  for (std::uint8_t i = 0; i < 100; ++i) add(SignalClass::stream, 100, i);
  EXPECT_EQ(all().front(), Pair(101, 1));
}

TEST_F(EventQueueTest, isEmptyWhenAllIsTaken) {
  EXPECT_TRUE(queue.isEmpty());
  for (const auto kind : {SignalClass::event, SignalClass::state, SignalClass::stream}) add(kind, 100, 1);
  EXPECT_FALSE(queue.isEmpty());
  EXPECT_EQ(all().size(), 3u);
  EXPECT_TRUE(queue.isEmpty());
  EXPECT_EQ(queue.bytes(), 0u);
}

}  // namespace
}  // namespace beckon::localbus
