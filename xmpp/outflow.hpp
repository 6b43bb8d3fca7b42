#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace beckon::xmpp {

// Stanzas on their way to a server that takes only so many bytes a second (docs/design/035). It says nothing, it reads
// less: what was written waits unseen in buffers, and all that comes behind it. So no more is written than a window
// that the server is not known to have taken, for which it is asked; the rest waits here. What would hold up all others
// for long, or comes while they wait for long, is refused. In order, except for what is refused. Times in, no I/O.
class Outflow {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A stanza above it leaves only where the server has shown how fast it takes so much; what shows it is sent ahead.
  static constexpr std::size_t probe = 26624;
  // Never too large, however slow the server is.
  static constexpr std::size_t small = 8192;
  // So long a stanza may hold up others, as far as is known; and wait until others are refused.
  static constexpr std::chrono::milliseconds longestHold{5000};
  // The same for what is our own, a request or presence: it tells that we are there.
  static constexpr std::chrono::milliseconds longestHoldOfOurs{10000};
  // The server is taken to have answered then.
  static constexpr std::chrono::milliseconds patience{20000};
  // That it was slow is believed for so long.
  static constexpr std::chrono::minutes memory{2};

  struct Refused {
    Element head;  // of the stanza: no children
    run::Error why;
  };
  struct Batch {
    std::string bytes;
    bool asks = false;  // behind them, whether the server has taken them
    std::vector<Refused> refused;
  };

  // Errors: too-large, overloaded.
  run::Result<> push(const Element& stanza, std::string xml, Time now);
  // What is to be written now.
  Batch next(Time now);
  // What was asked last is answered.
  void taken(Time now);
  // All that waits, as it is.
  std::string flush();
  // In bytes, of what waits.
  std::size_t size() const { return waitingBytes_; }

 private:
  struct Entry {
    Element head;  // of one that may come to be refused
    std::string xml;
    Time since;
  };
  struct Question {
    Time at;
    std::size_t bytes = 0;    // that it is about
    bool isMeasured = false;  // they left at once, and nothing was before them
    bool isAgain = false;     // asked when the answer was quick: a server may read all, and then nothing for long
  };
  // What the server has shown last: so many bytes at once, in so many seconds.
  struct Pace {
    std::size_t bytes = 0;
    double seconds = 0;
    Time at{};
  };

  // The largest stanza that may leave at that pace.
  static std::size_t largest(const Pace& pace);
  bool isRefused(std::size_t bytes, Time now);
  run::Error tooLarge(std::size_t bytes) const;

  std::deque<Entry> waiting_;
  std::size_t waitingBytes_ = 0;
  std::size_t window_ = 16384;
  std::size_t outstanding_ = 0;            // bytes written, and not known to be taken
  std::optional<Question> asked_, again_;  // again_: is asked next
  std::optional<Pace> pace_;
};

}  // namespace beckon::xmpp
