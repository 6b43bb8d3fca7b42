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

constexpr std::size_t sharedSize = 64 * 1024;

TEST(SharedMemory, whatItsMakerWritesTheReaderSees) {
  const auto made = SharedMemory::make(sharedSize).value();
  const auto read = SharedMemory::open(made.descriptor, sharedSize).value();
  made.memory->bytes()[sharedSize - 1] = 7;
  EXPECT_EQ(read->bytes().size(), sharedSize);
  EXPECT_EQ(read->bytes()[sharedSize - 1], 7);
}

TEST(SharedMemory, cannotBeWrittenByItsReader) {
  const auto made = SharedMemory::make(sharedSize).value();
  const int descriptor = made.descriptor.get();
  EXPECT_EQ(::mmap(nullptr, sharedSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::pwrite(descriptor, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  // A mapping that may be read does not become one that may be written, nor does another way to the same file.
  void* const mapped = ::mmap(nullptr, sharedSize, PROT_READ, MAP_SHARED, descriptor, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_EQ(::mprotect(mapped, sharedSize, PROT_READ | PROT_WRITE), -1);
  EXPECT_EQ(errno, EACCES);
  ::munmap(mapped, sharedSize);
  const Descriptor again(::open(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), O_RDWR));
  EXPECT_EQ(::mmap(nullptr, sharedSize, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
}

TEST(SharedMemory, cannotBeCutShortOrGrown) {
  const auto made = SharedMemory::make(sharedSize).value();
  for (const auto other : {sharedSize / 2, sharedSize * 2}) {
    EXPECT_EQ(::ftruncate(made.descriptor.get(), static_cast<off_t>(other)), -1);
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_EQ(::fallocate(made.descriptor.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fcntl(made.descriptor.get(), F_ADD_SEALS, F_SEAL_WRITE), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(SharedMemory, outlivesItsMaker) {
  auto made = SharedMemory::make(sharedSize).value();
  made.memory->bytes()[5] = 9;
  const auto read = SharedMemory::open(made.descriptor, sharedSize).value();
  made = {nullptr, Descriptor()};
  EXPECT_EQ(read->bytes()[5], 9);
}

TEST(SharedMemory, isNotTakenFromAPeerThatCouldCutItShort) {
  const Descriptor unsealed(::memfd_create("x", MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), sharedSize), 0);
  EXPECT_EQ(SharedMemory::open(unsealed, sharedSize).error().cause,
            "shared memory of the peer is not sealed against shrinking");
  ASSERT_EQ(::fcntl(unsealed.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_TRUE(SharedMemory::open(unsealed, sharedSize));

  std::string path = "/tmp/beckon-test-XXXXXX";
  const Descriptor file(::mkstemp(path.data()));
  ::unlink(path.c_str());
  ASSERT_EQ(::ftruncate(file.get(), sharedSize), 0);
  EXPECT_EQ(SharedMemory::open(file, sharedSize).error().code, run::Code::protocolError);
  EXPECT_FALSE(SharedMemory::open(Descriptor(), sharedSize));
}

TEST(SharedMemory, isNotTakenFromAPeerThatLiesAboutItsSize) {
  const auto made = SharedMemory::make(sharedSize).value();
  EXPECT_EQ(SharedMemory::open(made.descriptor, 2 * sharedSize).error().cause,
            "shared memory of the peer has another size than it says");
  EXPECT_FALSE(SharedMemory::open(made.descriptor, sharedSize / 2));
}

}  // namespace
}  // namespace beckon::localbus
