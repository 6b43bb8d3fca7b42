#include "localbus/shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace beckon::localbus {

using run::Code;
using run::Error;
using run::Result;

Descriptor::~Descriptor() {
  if (number_ != none) ::close(number_);
}

Result<SharedMemory::Made> SharedMemory::make(std::size_t size) {
  const auto cannot = [] {
    return Error{Code::overloaded, std::string("no shared memory: ") + std::strerror(errno), {}};
  };
  Descriptor descriptor(::memfd_create("beckon-pool", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (descriptor.get() == Descriptor::none || ::ftruncate(descriptor.get(), static_cast<off_t>(size)) != 0)
    return cannot();
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (at == MAP_FAILED) return cannot();
  auto memory = std::make_shared<SharedMemory>(at, size);
  // After our own mapping, which stays writable: no other can become so (Linux 5.1).
  if (::fcntl(descriptor.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
    return cannot();
  return Made{std::move(memory), std::move(descriptor)};
}

Result<std::shared_ptr<const SharedMemory>> SharedMemory::open(const Descriptor& descriptor, std::size_t size) {
  const auto refuse = [](const char* why) {
    return Error{Code::protocolError, std::string("shared memory of the peer ") + why, {}};
  };
  const int seals = ::fcntl(descriptor.get(), F_GET_SEALS);
  if (seals < 0 || !(seals & F_SEAL_SHRINK)) return refuse("is not sealed against shrinking");
  struct stat about {};
  if (::fstat(descriptor.get(), &about) != 0 || about.st_size < 0 || static_cast<std::size_t>(about.st_size) != size)
    return refuse("has another size than it says");
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (at == MAP_FAILED) return refuse("cannot be mapped");
  return std::shared_ptr<const SharedMemory>(std::make_shared<SharedMemory>(at, size));
}

SharedMemory::~SharedMemory() { ::munmap(at_, size_); }

}  // namespace beckon::localbus
