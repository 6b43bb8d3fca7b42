#pragma once

#include "core/qi/message.hpp"

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>

namespace beckon::localbus {

// What becomes of a signal's events when a subscriber reads more slowly than they come.
enum class SignalClass {
  event,   // each tells something of its own: kept in order; what has no room is dropped, the newest first
  state,   // each tells the whole state: the newest replaces one that waits. Properties are such
  stream,  // each is good for a moment: the oldest is dropped
};

// The events that wait until a peer has read what was sent before, without I/O. One for a connection, so that no slow
// subscriber costs another anything.
class EventQueue {
 public:
  // Of all that waits, in bytes. States, of which one waits for each signal, may take as much again.
  static constexpr std::size_t maxBytes = 16 * 1024 * 1024;
  // Of one stream: two seconds of a camera, or less where pictures are large.
  static constexpr std::size_t maxStreamEvents = 64;
  static constexpr std::size_t maxStreamBytes = 4 * 1024 * 1024;

  struct Event {
    qi::Address address;
    std::uint8_t flags;
    SignalClass kind;
    qi::Bytes arguments;
  };

  // How many events were lost by it: one for each that was dropped, this one included. A state that is replaced by a
  // newer one is not lost.
  std::size_t add(Event event);
  // The next to send.
  std::optional<Event> take();
  bool isEmpty() const { return waiting_.empty(); }
  std::size_t bytes() const { return bytes_; }

 private:
  using Place = std::list<Event>::iterator;
  struct Key {
    std::uint32_t service, object, action;
    std::uint8_t flags;
    auto operator<=>(const Key&) const = default;
  };
  struct Same {
    std::deque<Place> places;  // from the oldest
    std::size_t bytes = 0;
  };
  static Key keyOf(const Event& event);
  void dropOldest(Same& same);

  std::list<Event> waiting_;
  std::map<Key, Same> same_;  // states and streams that wait
  std::size_t bytes_ = 0;
};

}  // namespace beckon::localbus
