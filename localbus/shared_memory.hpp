#pragma once

#include "core/qi/bytes.hpp"
#include "core/run/error.hpp"

#include <memory>
#include <span>
#include <utility>

namespace beckon::localbus {

// A file descriptor that is closed with this.
class Descriptor {
 public:
  static constexpr int none = -1;
  explicit Descriptor(int number = none) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, none)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int get() const { return number_; }

 private:
  int number_;
};

// Memory that one process writes and others read. The kernel sees to it by seals: nobody can change its size, so that
// a reader never meets a page that is gone (SIGBUS), and nobody but who made it can write to it or map it so. That the
// maker does not write while others read, no seal can say.
class SharedMemory {
 public:
  struct Made {
    std::shared_ptr<SharedMemory> memory;  // may be written
    Descriptor descriptor;                 // for the reader
  };
  // `size` is a multiple of 4096. Error overloaded: the kernel gives none, or knows no such seals.
  static run::Result<Made> make(std::size_t size);
  // Somebody else's, to read. Error protocolError: it is not of that size, or could be cut short.
  static run::Result<std::shared_ptr<const SharedMemory>> open(const Descriptor& descriptor, std::size_t size);

  SharedMemory(void* at, std::size_t size) : at_(static_cast<std::uint8_t*>(at)), size_(size) {}
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::span<std::uint8_t> bytes() { return {at_, size_}; }
  qi::ByteView bytes() const { return {at_, size_}; }

 private:
  std::uint8_t* at_;
  std::size_t size_;
};

}  // namespace beckon::localbus
