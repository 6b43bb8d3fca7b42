#include "core/qi/bytes.hpp"

#include <gtest/gtest.h>

#include <thread>

// With AddressSanitizer no block is kept: it wants to see each buffer end.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif

using beckon::qi::Bytes;

namespace {

#if !defined(__SANITIZE_ADDRESS__)
TEST(Bytes, aLargeBlockIsUsedAgainByTheSameThread) {
  const void* first = nullptr;
  { first = Bytes(1'000'000).data(); }
  EXPECT_EQ(Bytes(900'000).data(), first) << "blocks fit by powers of two";
}
#endif

TEST(Bytes, blocksThatEndOnAnotherThreadAreThatThreadsOwn) {
  Bytes made(1'000'000, 7);
  std::thread([bytes = std::move(made)]() mutable {
    bytes = Bytes();
    Bytes again(1'000'000, 8);
    EXPECT_EQ(again.back(), 8);
  }).join();
}

TEST(Bytes, everySizeHoldsWhatIsWrittenToIt) {
  for (const std::size_t size : {1u, 4095u, 4096u, 4097u, 65536u, 4u << 20, (4u << 20) + 1, 20u << 20}) {
    Bytes bytes(size, 1);
    bytes.resize(size + 1, 2);
    EXPECT_EQ(bytes.front(), 1);
    EXPECT_EQ(bytes[size - 1], 1);
    EXPECT_EQ(bytes.back(), 2);
  }
}

// Its buffers end after the thread's lists.
TEST(Bytes, aThreadMayKeepBuffersToItsVeryEnd) {
  std::thread([] {
    thread_local Bytes early;  // made before the first block is freed
    early = Bytes(100'000, 1);
    { Bytes other(200'000, 2); }
  }).join();
}

}  // namespace
