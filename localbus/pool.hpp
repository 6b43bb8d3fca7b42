#pragma once

#include "core/qi/limits.hpp"
#include "core/qi/message.hpp"
#include "core/qi/shared_raw.hpp"
#include "localbus/payload.hpp"
#include "localbus/shared_memory.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

// Large payloads in shared memory (docs/protocol/qi.md, "The pool"; docs/design/014): the two halves, without sockets.
// Each side of a connection has a pool that only it writes to, made of slabs. A slab holds the payload of one message
// at a time: it is lent with the message and handed back when the reader needs it no more.
namespace beckon::localbus {

namespace pool {
// Types of messages that only peers with BeckonPool get, all to address 0.0.0.
inline constexpr auto slabType = qi::MessageType{0x80};      // Offer: a new slab, with its descriptor
inline constexpr auto handBackType = qi::MessageType{0x81};  // I: the slab may be written again
inline constexpr auto dropType = qi::MessageType{0x82};      // I: the slab is used no more
// On any message: the payload is a Reference, what it means is in the slab.
inline constexpr std::uint8_t pooledFlag = 0x80;
// What is smaller is cheaper to send through the socket.
inline constexpr std::size_t threshold = 64 * 1024;

using Offer = std::tuple<std::uint32_t, std::uint32_t>;                     // number, size
using Reference = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;  // number of the slab, offset, size
}  // namespace pool

// Memory to fill and then send: in the pool of a connection where that has room, so that nothing is copied on the way;
// else of this process, with nothing else changed. Any thread may fill it.
class PoolBuffer {
 public:
  PoolBuffer(std::span<std::uint8_t> bytes, std::shared_ptr<const void> owner, bool isShared)
      : bytes_(bytes), owner_(std::move(owner)), isShared_(isShared) {}
  std::span<std::uint8_t> bytes() { return bytes_; }
  bool isShared() const { return isShared_; }
  // The first `size` bytes as a value to send. Who took the buffer must not write to it from then on: the reader looks
  // at it.
  qi::SharedRaw share(std::size_t size) && { return {bytes_.first(size), std::move(owner_)}; }
  qi::SharedRaw share() && { return {bytes_, std::move(owner_)}; }

 private:
  std::span<std::uint8_t> bytes_;
  std::shared_ptr<const void> owner_;
  bool isShared_;
};

// What we write and the peer reads.
class Pool {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // What a slab must be unused for before its memory is given back: a camera's next picture comes sooner.
  static constexpr std::chrono::seconds idleTime{10};
  // Before the bytes of a buffer: what else the message has, so that they need not be moved; a page, as that keeps them
  // aligned to one.
  static constexpr std::size_t headroom = 4096;

  ~Pool();

  // A message to the peer about a slab. The descriptor goes with an offer.
  struct Notice {
    qi::MessageType type;
    qi::Bytes payload;
    Descriptor descriptor;
  };
  // What has to be sent before anything that was made since.
  std::vector<Notice> takeNotices() { return std::exchange(notices_, {}); }

  // Of this process where there is no room in the pool or `isShared` is false.
  PoolBuffer take(std::size_t size, bool isShared, TimePoint now);
  // Puts a payload into a slab, unless it is there already, and lends that. None: there is no room.
  std::optional<pool::Reference> lend(const Payload& payload, TimePoint now);
  // The peer's handBackType. Error protocolError: it did not have that slab.
  run::Result<> handedBack(qi::ByteView payload, TimePoint now);
  // Gives back what was unused for idleTime.
  void dropIdle(TimePoint now);
  bool isEmpty() const { return slabs_.empty(); }
  // Bytes of all slabs.
  std::size_t size() const { return size_; }

 private:
  struct Slab {
    std::uint32_t number;
    std::shared_ptr<SharedMemory> memory;
    bool isLent = false;              // the peer may read
    std::atomic<bool> isHeld{false};  // somebody here has a PoolBuffer or SharedRaw of it
    TimePoint usedLast;

    bool isFree() const { return !isLent && !isHeld.load(std::memory_order_acquire); }
    std::span<std::uint8_t> bytes() const { return memory->bytes(); }
  };
  struct Hold;

  Slab* findFree(std::size_t from, std::size_t to);
  Slab* makeSlab(std::size_t size);
  Slab* slabFor(std::size_t size, TimePoint now);
  template <class Predicate>
  void drop(const Predicate& which);

  std::list<std::shared_ptr<Slab>> slabs_;  // last used first: its pages are the warmest
  std::size_t size_ = 0;
  std::uint32_t lastNumber_ = 0;
  std::vector<Notice> notices_;
};

// What the peer writes and we read.
class PeerPool {
 public:
  // Bytes in a slab that the peer has lent. It has it back when all copies of `owner` are gone.
  struct Borrowed {
    qi::ByteView bytes;
    std::shared_ptr<const void> owner;
  };
  // Called when nobody needs a slab any more, on whatever thread that was.
  using HandBack = std::function<void(std::uint32_t slab)>;

  // Descriptors come in the order of their offers, and before them or together.
  // Error protocolError: more than there can be offers.
  run::Result<> arrived(Descriptor descriptor);
  // All errors are protocolError, too, and end the connection.
  run::Result<> offered(qi::ByteView payload);
  run::Result<> dropped(qi::ByteView payload);
  run::Result<Borrowed> borrow(qi::ByteView reference, const HandBack& handBack);
  // The slab of a handBack: it may be lent again.
  void returned(std::uint32_t slab);

 private:
  struct Slab {
    std::shared_ptr<const SharedMemory> memory;
    bool isBorrowed = false;
  };
  std::vector<Descriptor> waiting_;  // for their offers
  std::map<std::uint32_t, Slab> slabs_;
  std::size_t size_ = 0;
};

}  // namespace beckon::localbus
