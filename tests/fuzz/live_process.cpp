#include "tests/fuzz/live_process.hpp"

#include "tests/fuzz/check.hpp"

#include <netdb.h>
#include <sanitizer/allocator_interface.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_UNIX) return static_cast<int>(::syscall(SYS_connect, socket, address, size));
  errno = ECONNREFUSED;
  return -1;
}

extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) { return EAI_NONAME; }

namespace beckon::fuzz {

void MemoryWatch::begin() { before_ = __sanitizer_get_current_allocated_bytes(); }

void MemoryWatch::check() const { fuzz::check(__sanitizer_get_current_allocated_bytes() < before_ + mostInUse); }

void MemoryWatch::end() {
  kept_ += __sanitizer_get_current_allocated_bytes();
  kept_ -= std::min(kept_, before_);
  fuzz::check(kept_ < mostKept);
}

}  // namespace beckon::fuzz
