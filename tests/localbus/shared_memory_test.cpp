#include "localbus/shared_memory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace beckon::localbus {
namespace {

constexpr std::size_t size = 64 * 1024;

TEST(SharedMemory, whatItsMakerWritesTheReaderSees) {
  const auto made = SharedMemory::make(size).value();
  const auto read = SharedMemory::open(made.descriptor, size).value();
  made.memory->bytes()[size - 1] = 7;
  EXPECT_EQ(read->bytes().size(), size);
  EXPECT_EQ(read->bytes()[size - 1], 7);
}

TEST(SharedMemory, cannotBeWrittenByItsReader) {
  const auto made = SharedMemory::make(size).value();
  const int descriptor = made.descriptor.get();
  EXPECT_EQ(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::pwrite(descriptor, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  // A mapping that may be read does not become one that may be written, nor does another way to the same file.
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_EQ(::mprotect(mapped, size, PROT_READ | PROT_WRITE), -1);
  EXPECT_EQ(errno, EACCES);
  ::munmap(mapped, size);
  const Descriptor again(::open(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), O_RDWR));
  EXPECT_EQ(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
}

TEST(SharedMemory, cannotBeCutShortOrGrown) {
  const auto made = SharedMemory::make(size).value();
  for (const auto other : {size / 2, size * 2}) {
    EXPECT_EQ(::ftruncate(made.descriptor.get(), static_cast<off_t>(other)), -1);
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_EQ(::fallocate(made.descriptor.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fcntl(made.descriptor.get(), F_ADD_SEALS, F_SEAL_WRITE), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(SharedMemory, outlivesItsMaker) {
  auto made = SharedMemory::make(size).value();
  made.memory->bytes()[5] = 9;
  const auto read = SharedMemory::open(made.descriptor, size).value();
  made = {nullptr, Descriptor()};
  EXPECT_EQ(read->bytes()[5], 9);
}

TEST(SharedMemory, isNotTakenFromAPeerThatCouldCutItShort) {
  const Descriptor unsealed(::memfd_create("x", MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), size), 0);
  EXPECT_EQ(SharedMemory::open(unsealed, size).error().cause,
            "shared memory of the peer is not sealed against shrinking");
  ASSERT_EQ(::fcntl(unsealed.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_TRUE(SharedMemory::open(unsealed, size));

  std::string path = "/tmp/beckon-test-XXXXXX";
  const Descriptor file(::mkstemp(path.data()));
  ::unlink(path.c_str());
  ASSERT_EQ(::ftruncate(file.get(), size), 0);
  EXPECT_EQ(SharedMemory::open(file, size).error().code, run::Code::protocolError);
  EXPECT_FALSE(SharedMemory::open(Descriptor(), size));
}

TEST(SharedMemory, isNotTakenFromAPeerThatLiesAboutItsSize) {
  const auto made = SharedMemory::make(size).value();
  EXPECT_EQ(SharedMemory::open(made.descriptor, 2 * size).error().cause,
            "shared memory of the peer has another size than it says");
  EXPECT_FALSE(SharedMemory::open(made.descriptor, size / 2));
}

}  // namespace
}  // namespace beckon::localbus
