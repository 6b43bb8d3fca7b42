#include "core/qi/bytes.hpp"

#include <array>
#include <bit>
#include <new>

namespace beckon::qi {
namespace {

// glibc serves what is smaller from a list of the thread's own just as quickly.
constexpr std::size_t smallest = 4 * 1024;
constexpr std::size_t largest = 4 * 1024 * 1024;
constexpr std::size_t mostKept = 16 * 1024 * 1024;  // bytes of a thread

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keepsBlocks = false;  // or the sanitizer would not see that a buffer's life has ended
#elif defined(__has_feature)
constexpr bool keepsBlocks = !__has_feature(address_sanitizer);
#else
constexpr bool keepsBlocks = true;
#endif

// A free block holds the way to the next one of its size.
struct FreeBlock {
  FreeBlock* next;
};

thread_local bool isOver = false;  // of what follows: static objects may free buffers after it

// By powers of two.
struct FreeBlocks {
  std::array<FreeBlock*, std::bit_width(largest)> lists{};
  std::size_t bytes = 0;

  ~FreeBlocks() {
    isOver = true;
    for (auto* list : lists)
      while (list) ::operator delete(std::exchange(list, list->next));
  }
};
thread_local FreeBlocks freeBlocks;

bool isKept(std::size_t size) { return keepsBlocks && size >= smallest && size <= largest && !isOver; }

}  // namespace

std::byte* allocateBlock(std::size_t size) {
  // Also when it will not be kept: where it ends up is known only when it is freed.
  const std::size_t whole = size >= smallest && size <= largest ? std::bit_ceil(size) : size;
  if (isKept(size)) {
    auto*& list = freeBlocks.lists[std::bit_width(whole) - 1];
    if (list) {
      freeBlocks.bytes -= whole;
      return reinterpret_cast<std::byte*>(std::exchange(list, list->next));
    }
  }
  return static_cast<std::byte*>(::operator new(whole));
}

void freeBlock(std::byte* block, std::size_t size) noexcept {
  const std::size_t whole = std::bit_ceil(size);
  if (!isKept(size) || freeBlocks.bytes + whole > mostKept) return ::operator delete(block);
  auto*& list = freeBlocks.lists[std::bit_width(whole) - 1];
  list = ::new (block) FreeBlock{list};
  freeBlocks.bytes += whole;
}

}  // namespace beckon::qi
