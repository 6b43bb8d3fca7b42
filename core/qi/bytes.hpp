#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace beckon::qi {

// Memory for buffers, from operator new. Each thread keeps blocks of 4 KiB to 4 MiB that it has freed, up to 16 MiB in
// all, for its next buffers: glibc gives the larger ones back to the kernel, and to get one again costs a page fault
// each 4 KiB, three times what it takes to copy what the page holds.
std::byte* allocateBlock(std::size_t size);
void freeBlock(std::byte* block, std::size_t size) noexcept;

// An allocator that leaves new trivial elements uninitialised: a buffer that is about to be read
// into need not be zeroed first.
template <class T>
struct UninitialisedAllocator : std::allocator<T> {
  T* allocate(std::size_t count) { return reinterpret_cast<T*>(allocateBlock(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept {
    freeBlock(reinterpret_cast<std::byte*>(block), count * sizeof(T));
  }
  template <class U>
  struct rebind {
    using other = UninitialisedAllocator<U>;
  };
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

using Bytes = std::vector<std::uint8_t, UninitialisedAllocator<std::uint8_t>>;
using ByteView = std::span<const std::uint8_t>;

}  // namespace beckon::qi
