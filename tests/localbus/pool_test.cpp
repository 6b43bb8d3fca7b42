#include "localbus/pool.hpp"

#include "tests/localbus/mebibyte.hpp"

#include <gtest/gtest.h>

#include <numeric>

// Both halves of a pool, with what they tell each other handed over by the test.
namespace beckon::localbus {
namespace {

using run::Code;
using test::mebibyte;

qi::Bytes sample(std::size_t size) {
  qi::Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

class PoolTest : public testing::Test {
 protected:
  // What the writer has to say, told.
  int tell() {
    int told = 0;
    for (auto& notice : writer.takeNotices()) {
      ++told;
      if (notice.type == pool::dropType) {
        ++drops;
        EXPECT_TRUE(reader.dropped(notice.payload));
      } else {
        EXPECT_TRUE(reader.arrived(std::move(notice.descriptor)));
        EXPECT_TRUE(reader.offered(notice.payload));
      }
    }
    return told;
  }
  std::optional<PeerPool::Borrowed> send(const Payload& payload) {
    const auto reference = writer.lend(payload, now);
    tell();
    if (!reference) return {};
    return reader.borrow(qi::encode(*reference), handBack).value();
  }
  std::optional<std::uint32_t> slabOf(const Payload& payload) {
    const auto reference = writer.lend(payload, now);
    tell();
    if (!reference) return {};
    return std::get<0>(*reference);
  }

  Pool::TimePoint now{std::chrono::hours(1)};
  Pool writer;
  PeerPool reader;
  int drops = 0;
  PeerPool::HandBack handBack = [this](std::uint32_t slab) {
    reader.returned(slab);
    EXPECT_TRUE(writer.handedBack(qi::encode(slab), now));
  };
};

TEST_F(PoolTest, carriesAPayload) {
  const auto bytes = sample(mebibyte);
  const auto read = send(bytes);
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::ranges::equal(read->bytes, bytes));
}

TEST_F(PoolTest, costsNothingUntilItIsUsed) {
  EXPECT_EQ(writer.size(), 0u);
  EXPECT_EQ(writer.takeNotices().size(), 0u);
}

TEST_F(PoolTest, writesASlabAgainWhenItIsHandedBack) {
  for (int i = 0; i < 100; ++i) send(sample(mebibyte));
  EXPECT_LT(writer.size(), 2 * mebibyte);
}

TEST_F(PoolTest, writesNoSlabThatThePeerStillReads) {
  const auto first = send(sample(mebibyte));
  const auto second = send(qi::Bytes(mebibyte, 0xEE));
  EXPECT_TRUE(std::ranges::equal(first->bytes, sample(mebibyte)));
  EXPECT_EQ(second->bytes[0], 0xEE);
}

TEST_F(PoolTest, isBounded) {
  std::vector<std::optional<PeerPool::Borrowed>> held;
  for (int i = 0; i < 200; ++i) held.push_back(send(sample(mebibyte)));
  EXPECT_LE(writer.size(), qi::limits::maxPool);
  EXPECT_TRUE(held[40]);
  EXPECT_FALSE(held.back());
  held.clear();
  EXPECT_TRUE(send(sample(mebibyte)));
}

TEST_F(PoolTest, isBoundedInSlabs) {
  std::vector<std::optional<PeerPool::Borrowed>> held;
  for (std::size_t i = 0; i <= qi::limits::maxPoolSlabs; ++i) held.push_back(send(sample(64 * 1024)));
  EXPECT_TRUE(held[qi::limits::maxPoolSlabs - 1]);
  EXPECT_FALSE(held.back());
}

TEST_F(PoolTest, makesRoomForALargePayloadOfManySmallSlabs) {
  {
    std::vector<std::optional<PeerPool::Borrowed>> held;
    for (int i = 0; i < 50; ++i) held.push_back(send(sample(mebibyte)));
  }
  EXPECT_TRUE(send(qi::Bytes(48 * mebibyte)));
  EXPECT_GT(drops, 0);
}

TEST_F(PoolTest, refusesWhatIsLargerThanItself) { EXPECT_FALSE(send(qi::Bytes(qi::limits::maxPool + 1))); }

TEST_F(PoolTest, givesBackWhatWasUnusedForAWhile) {
  auto held = send(sample(mebibyte));
  send(sample(5 * mebibyte));
  now += Pool::idleTime;
  writer.dropIdle(now);
  tell();
  EXPECT_EQ(drops, 1);
  EXPECT_LT(writer.size(), 2 * mebibyte);
  held.reset();
  writer.dropIdle(now + Pool::idleTime / 2);
  EXPECT_FALSE(writer.isEmpty());
  writer.dropIdle(now + Pool::idleTime);
  tell();
  EXPECT_TRUE(writer.isEmpty());
}

TEST_F(PoolTest, aBufferIsSentAsItStands) {
  auto buffer = writer.take(mebibyte, true, now);
  EXPECT_TRUE(buffer.isShared());
  const auto filled = buffer.bytes();
  std::ranges::copy(sample(mebibyte), filled.begin());
  const auto raw = std::move(buffer).share();
  const auto head = encodeArguments({}, std::string("name"), raw);
  const auto read = send(head.payload());
  ASSERT_TRUE(read);
  EXPECT_LT(writer.size(), 2 * mebibyte) << "in the slab that was taken";
  qi::Reader from(read->bytes);
  EXPECT_EQ(from.string(), "name");
  const auto bytes = from.sized();
  EXPECT_TRUE(std::ranges::equal(bytes, sample(mebibyte)));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 4096, 0u);
  // No copy: it is the same memory.
  filled[0] = 0xEE;
  EXPECT_EQ(bytes[0], 0xEE);
}

TEST_F(PoolTest, aBufferThatIsNotSentReturnsToThePool) {
  for (int i = 0; i < 100; ++i) writer.take(mebibyte, true, now);
  EXPECT_LT(writer.size(), 2 * mebibyte);
}

TEST_F(PoolTest, aBufferBelongsToNobodyElseUntilItIsDropped) {
  auto buffer = writer.take(mebibyte, true, now);
  buffer.bytes()[0] = 7;
  EXPECT_TRUE(send(qi::Bytes(mebibyte, 0xEE)));
  EXPECT_EQ(buffer.bytes()[0], 7);
}

TEST_F(PoolTest, aBufferMayBeSentTwiceAtATime) {
  auto buffer = writer.take(mebibyte, true, now);
  std::ranges::copy(sample(mebibyte), buffer.bytes().begin());
  const auto raw = std::move(buffer).share();
  const auto one = encodeArguments({}, 1, raw), two = encodeArguments({}, std::string("another"), raw);
  const auto first = send(one.payload()), second = send(two.payload());
  EXPECT_EQ((qi::decode<std::tuple<int, qi::Bytes>>(first->bytes)).value(), std::tuple(1, sample(mebibyte)));
  EXPECT_EQ((qi::decode<std::tuple<std::string, qi::Bytes>>(second->bytes)).value(),
            std::tuple("another", sample(mebibyte)));
}

TEST_F(PoolTest, aSmallOrUnshareableBufferIsOfThisProcess) {
  EXPECT_FALSE(writer.take(pool::threshold - 1, true, now).isShared());
  EXPECT_FALSE(writer.take(mebibyte, false, now).isShared());
  EXPECT_FALSE(writer.take(2 * qi::limits::maxPool, true, now).isShared());
  EXPECT_EQ(writer.take(2 * qi::limits::maxPool, true, now).bytes().size(), 2 * qi::limits::maxPool);
}

TEST_F(PoolTest, theReaderRefusesReferencesThatLie) {
  const auto slab = slabOf(sample(mebibyte)).value();
  const auto size = static_cast<std::uint32_t>(writer.size());
  const auto refusal = [&](pool::Reference reference) {
    const auto got = reader.borrow(qi::encode(reference), handBack);
    return got ? "none" : got.error().cause;
  };
  const std::string beyond = "the peer sends a payload that reaches beyond its slab";
  EXPECT_EQ(refusal({slab, 0, size + 1}), beyond);
  EXPECT_EQ(refusal({slab, size, 1}), beyond);
  EXPECT_EQ(refusal({slab, size + 1, 0}), beyond);
  EXPECT_EQ(refusal({slab, 0xFFFFFFFF, 2}), beyond);
  EXPECT_EQ(refusal({slab, 2, 0xFFFFFFFF}), beyond);
  EXPECT_EQ(refusal({slab + 1, 0, 1}), "the peer sends a payload in a slab that it does not have");
  const auto first = reader.borrow(qi::encode(pool::Reference(slab, 0, size)), handBack);
  EXPECT_TRUE(first);
  EXPECT_EQ(refusal({slab, 0, 1}), "the peer sends a payload in a slab that is in use");
  EXPECT_FALSE(reader.borrow(qi::Bytes(11), handBack));
}

TEST_F(PoolTest, theReaderRefusesOffersThatLie) {
  const auto offer = [&](std::uint32_t number, std::uint32_t size) {
    const auto taken = reader.offered(qi::encode(pool::Offer(number, size)));
    return taken ? "none" : taken.error().cause;
  };
  EXPECT_EQ(offer(1, 65536), "the peer offers a slab without its file descriptor");
  const auto arrive = [&](std::size_t size) {
    auto made = SharedMemory::make(size).value();
    EXPECT_TRUE(reader.arrived(std::move(made.descriptor)));
  };
  arrive(65536);
  EXPECT_EQ(offer(1, 131072), "shared memory of the peer has another size than it says");
  arrive(65536);
  EXPECT_EQ(offer(1, 65536), "none");
  arrive(65536);
  EXPECT_EQ(offer(1, 65536), "the peer offers a slab twice");
  arrive(qi::limits::maxPool);
  EXPECT_EQ(offer(2, qi::limits::maxPool), "the peer's pool is larger than the limit of 67108864");
  EXPECT_TRUE(reader.arrived(Descriptor()));
  EXPECT_NE(offer(2, 65536), "none");
  EXPECT_FALSE(reader.offered(qi::Bytes(7)));
}

TEST_F(PoolTest, theReaderTakesNoMoreDescriptorsThanThereCanBeSlabs) {
  for (std::size_t i = 0; i < qi::limits::maxPoolSlabs; ++i) EXPECT_TRUE(reader.arrived(Descriptor()));
  EXPECT_EQ(reader.arrived(Descriptor()).error().code, Code::protocolError);
}

TEST_F(PoolTest, theReaderRefusesToDropWhatIsInUse) {
  const auto slab = slabOf(sample(mebibyte)).value();
  auto borrowed = reader.borrow(qi::encode(pool::Reference(slab, 0, 1)), handBack);
  EXPECT_FALSE(reader.dropped(qi::encode(slab)));
  borrowed = PeerPool::Borrowed();
  EXPECT_TRUE(reader.dropped(qi::encode(slab)));
  EXPECT_FALSE(reader.dropped(qi::encode(slab)));
  EXPECT_FALSE(reader.dropped(qi::Bytes(3)));
}

TEST_F(PoolTest, theWriterRefusesBackWhatIsNotLent) {
  const auto slab = slabOf(sample(mebibyte)).value();
  EXPECT_FALSE(writer.handedBack(qi::encode(slab + 1), now));
  EXPECT_TRUE(writer.handedBack(qi::encode(slab), now));
  EXPECT_EQ(writer.handedBack(qi::encode(slab), now).error().code, Code::protocolError);
  EXPECT_FALSE(writer.handedBack(qi::Bytes(3), now));
}

}  // namespace
}  // namespace beckon::localbus
