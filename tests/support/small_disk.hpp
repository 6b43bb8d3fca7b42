#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstdint>

namespace beckon::test {

// No file of this process grows beyond so many bytes while it lives: what a full disk looks like to who writes.
class SmallDisk {
 public:
  explicit SmallDisk(std::uint64_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &usual_);
    const rlimit small{bytes, usual_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &usual_);
    std::signal(SIGXFSZ, before_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit usual_{};
  void (*before_)(int);
};

}  // namespace beckon::test
