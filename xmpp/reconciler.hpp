#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/retry.hpp"
#include "xmpp/roster.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <set>
#include <variant>
#include <vector>

namespace beckon::xmpp {

// Keeps what is so equal to what should be, without I/O: a stream is there, the roster is as configured, our presence
// is announced. Takes events and the time, gives actions to carry out in order. For ever, until stopped: each state has
// a deadline at which it ends by itself, so there is none in which it could be stuck.
//
//   stopped ── start ──► connecting ── bound ──► fetching the roster ── came or did not ──► online
//                          ▲    └───────┬──────────────┴──────────────────────────────────────┘
//                          │          closed, or given up
//                          └── retry ── waiting
//
// An event that does not fit the state (from a stream that has ended) is ignored.
class Reconciler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;

  struct Settings {
    std::set<Jid> contacts;
    bool ownsRoster = false;
    Element presence;  // what we announce
    Duration firstRetry{1000}, longestRetry{60000};
    // From the making of a stream to its binding. The stream's own deadlines, one for each stage, come first; this
    // holds whatever goes wrong in it.
    Duration longestAttempt{120000};
    // A server from which nothing has come for so long is asked for a sign of life (XEP-0199); if none comes, the
    // connection is dead though TCP has not noticed.
    Duration longestSilence{20000}, pingDeadline{15000};
  };

  // The server's own answer; it has the roster at hand.
  static constexpr Duration rosterDeadline{10000};
  // A session that lasted this long was a success: then the next retry starts from the shortest wait again. Two robots
  // that throw each other off the same account come to rest instead.
  static constexpr Duration lasting{10000};

  // For the answer of a server after a change of the network: a round trip by satellite and a busy server.
  static constexpr Duration changedDeadline{3000};
  // An attempt that was begun before such a change may go on for so long, by which a sound one is done.
  static constexpr Duration changedAttempt{15000};

  struct Open {};       // make a stream
  struct AskRoster {};  // and tell its answer by rosterCame()
  struct Send {
    Element stanza;
  };
  struct ChangeRoster {
    Element query;  // to be set at our own server
  };
  struct Ping {};    // our own server; any stanza will do as an answer
  struct Online {};  // presence is announced
  struct Close {     // destroy the stream, if it is still there: we are offline
    run::Error why;
    Duration retryIn;
  };
  struct Leave {};  // end the stream politely
  using Action = std::variant<Open, AskRoster, Send, ChangeRoster, Ping, Online, Close, Leave>;
  using Actions = std::vector<Action>;

  Reconciler(Settings settings, std::mt19937::result_type seed);

  Actions start(TimePoint now);
  Actions stop();
  Actions tick(TimePoint now);  // at nextDeadline(), or at any time
  // Nothing while stopped only.
  std::optional<TimePoint> nextDeadline() const;

  // From now on, on this stream and those to come.
  Actions setContacts(std::set<Jid> contacts, TimePoint now);
  Actions setPresence(Element presence);
  // This computer's addresses or routes are others now: the stream has to prove soon that it is alive, and who waits
  // for another attempt waits no longer than for a first one.
  Actions networkChanged(TimePoint now);

  // Of the stream that the last Open made:
  Actions bound(const Jid& self, TimePoint now);
  Actions closed(const run::Error& why, TimePoint now);
  void heard(TimePoint now);                                       // any stanza
  Actions rosterCame(const Element* query, TimePoint now);         // null: the server gives none
  Actions rosterChanged(const Element& query, TimePoint now);      // a push from our own account
  Actions presenceCame(const Jid& from, TimePoint now);            // an available one
  Actions askedToSubscribe(const Element& stanza, TimePoint now);  // a presence of type subscribe

  bool online() const { return state_ == State::online; }
  const Roster& roster() const { return roster_; }

 private:
  enum class State { stopped, waiting, connecting, fetching, online };

  bool streaming() const { return state_ == State::fetching || state_ == State::online; }
  Actions open(TimePoint now);
  std::set<Jid> others() const;  // an account sees itself without a subscription
  Actions giveUp(run::Error why, TimePoint now);

  Settings settings_;
  Retry retry_;
  Roster roster_;  // made anew for each stream
  Jid account_;    // of the stream
  State state_ = State::stopped;
  TimePoint deadline_;  // of the state; online: of the server's next sign of life
  TimePoint onlineSince_, heardAt_;
  bool pinged_ = false;  // since heardAt_
};

}  // namespace beckon::xmpp
