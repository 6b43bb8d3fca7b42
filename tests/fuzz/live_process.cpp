#include "tests/fuzz/live_process.hpp"

#include "tests/fuzz/check.hpp"

#include <dlfcn.h>
#include <netdb.h>
#include <sanitizer/allocator_interface.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_UNIX) return static_cast<int>(::syscall(SYS_connect, socket, address, size));
  errno = ECONNREFUSED;
  return -1;
}

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  addrinfo numeric = hints ? *hints : addrinfo{};
  numeric.ai_flags |= AI_NUMERICHOST;
  return real(host, service, &numeric, found);
}

namespace beckon::fuzz {
namespace {

// What the sanitizer counts itself holds what it keeps back after it was freed.
std::atomic<std::ptrdiff_t> inUse{0};

std::ptrdiff_t watched() {
  static const bool isCounting [[maybe_unused]] = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t size) { inUse += static_cast<std::ptrdiff_t>(size); },
      [](const volatile void* at) {
        if (at) inUse -= static_cast<std::ptrdiff_t>(__sanitizer_get_allocated_size(const_cast<const void*>(at)));
      });
  return inUse;
}

}  // namespace

void MemoryWatch::begin() { before_ = watched(); }

void MemoryWatch::check() const { fuzz::check(watched() < before_ + mostInUse); }

void MemoryWatch::end() {
  kept_ = std::max<std::ptrdiff_t>(kept_ + watched() - before_, 0);
  fuzz::check(kept_ < mostKept);
}

}  // namespace beckon::fuzz
