#pragma once

#include <cstddef>

// What holds for the process in which whole programs of ours meet a fuzzed peer. Its connect() reaches nothing but unix
// sockets and its getaddrinfo() asks nobody: what a peer says where to find a service must not lead the fuzzer to other
// computers.
namespace beckon::fuzz {

// The memory that inputs leave behind, all of them together, and what one holds while it is played.
class MemoryWatch {
 public:
  // A registry, caches and pools may grow to this and no further.
  static constexpr std::ptrdiff_t mostKept = 8 * 1024 * 1024;
  // An input of some kB may fill a pool of shared memory, which is not counted here, and queues: answers to calls that
  // return more than they take.
  static constexpr std::ptrdiff_t mostInUse = 64 * 1024 * 1024;

  void begin();
  void check() const;  // while an input is played
  void end();          // when all of its connections have gone

 private:
  std::ptrdiff_t before_ = 0, kept_ = 0;
};

}  // namespace beckon::fuzz
