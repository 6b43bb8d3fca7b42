#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <functional>
#include <memory>

namespace beckon::xmpp {

// One XMPP client stream, from the first packet to its end: connected over TLS with a verified certificate,
// authenticated, bound to a resource. An object is one attempt; whoever wants to come back makes another.
//
// Threads: made, used and destroyed on one executor (single-threaded, or a strand); events come on the same one,
// never from inside a call. An implementation may own other threads; nobody sees them.
// Lifetime: an event may destroy the stream. No event comes after stop(), after closed, or after the destructor.
class Stream {
 public:
  struct Events {
    std::function<void(const Jid& self)> online;        // bound; the full JID that the server gave
    std::function<void(Element stanza)> stanza;         // an iq, message or presence, in the order of arrival
    std::function<void(const run::Error& why)> closed;  // once, the last event
  };

  virtual ~Stream() = default;

  // Once. What is left of `events` is released with the stream or after `closed`.
  virtual void start(Events events) = 0;

  // Queues a stanza; in order, each written at once. Refused with connection-lost while not online, too-large above
  // the stanza limit, overloaded when the queue is full. Success means queued: whether it arrives, nobody knows.
  virtual run::Result<> send(const Element& stanza) = 0;

  // Ends the stream politely: what was queued leaves first. The destructor waits for it a short moment at most.
  virtual void stop() = 0;
};

// Makes the next attempt. Called on the executor.
using StreamFactory = std::function<std::unique_ptr<Stream>()>;

}  // namespace beckon::xmpp
