#pragma once

#include "core/run/error.hpp"
#include "xmpp/retry.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <variant>

namespace beckon::xmpp {

// Keeps a stream there that needs nothing beyond itself (no roster, no presence: that is Reconciler's), without I/O:
// takes events and the time, gives what to do. For ever, until stopped: each state has a deadline at which it ends by
// itself, so there is none in which it could be stuck.
//
//   stopped ── start ──► connecting ── came online ──► online
//                          ▲    └──────────┬─────────────┘
//                          │         closed, or given up
//                          └── retry ── waiting
//
// An event that does not fit the state (from a stream that has ended) is ignored.
class Reconnector {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;

  struct Settings {
    Duration firstRetry{1000}, longestRetry{60000};
    // From the making of a stream until it is online, whatever its own deadlines do.
    Duration longestAttempt{120000};
    // A server from which nothing has come for so long is asked for a sign of life (XEP-0199); if none comes, the
    // connection is dead though TCP has not noticed.
    Duration longestSilence{20000}, pingDeadline{15000};
  };

  // A stream that was online this long was a success: then the next retry starts from the shortest wait again.
  static constexpr Duration lasting{10000};

  struct Open {};  // make a stream
  struct Ping {};  // any stanza will do as an answer
  struct Close {   // destroy the stream, if it is still there
    run::Error why;
    Duration retryIn;
  };
  using Action = std::optional<std::variant<Open, Ping, Close>>;

  Reconnector(Settings settings, std::mt19937::result_type seed);

  Action start(TimePoint now);
  void stop();
  Action tick(TimePoint now);  // at nextDeadline(), or at any time
  // Nothing while stopped only.
  std::optional<TimePoint> nextDeadline() const;

  // Of the stream that the last Open made:
  void cameOnline(TimePoint now);
  void heard(TimePoint now);  // any stanza
  Action closed(const run::Error& why, TimePoint now);

  bool online() const { return state_ == State::online; }

 private:
  enum class State { stopped, waiting, connecting, online };

  Action open(TimePoint now);
  Action giveUp(run::Error why, TimePoint now);

  Settings settings_;
  Retry retry_;
  State state_ = State::stopped;
  TimePoint deadline_;  // of the state; online: of the server's next sign of life
  TimePoint onlineSince_, heardAt_;
  bool pinged_ = false;  // since heardAt_
};

}  // namespace beckon::xmpp
