#pragma once

#include "policy/caller.hpp"
#include "policy/lease.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::policy {

// Who has which control lease (docs/design/027). No I/O and no clock but the times that are given, which are those of
// the steady clock: what becomes of the robot's date means nothing here. One executor.
//
// Free, held, or ending: whenever nobody has it after somebody had, the robot is brought to rest first (Listener::ended
// says so, and stopped() that it is done), and only then the next may have it. A hand-over from one to another needs no
// rest.
class Leases {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { free, held, ending };
  enum class End {
    givenBack,   // by the holder, to nobody
    handedOver,  // by the holder, to somebody who asked: the only one without a stop
    lapsed,      // no heartbeat
    expired,     // held as long as it may be
    left,        // the session has ended: closed, or its token is of no use any more
    policy,      // another version of the policy
    watchdog     // nobody would stop the robot any more, or it was stopped by who would
  };

  // One session of a caller. Another session of the same caller is somebody else.
  struct Owner {
    Caller caller;
    std::string session;
    bool isShared = false;  // other sessions of the same principal may act under what this one has
    bool covers(std::string_view principal, std::string_view other) const {
      return caller.principal == principal && (isShared || session == other);
    }
    bool operator==(const Owner& other) const {
      return session == other.session && caller.principal == other.caller.principal;
    }
  };

  // Told at once, from within the function that made it so; may not call back.
  struct Listener {
    std::function<void(const Lease&, const Owner&)> taken;
    std::function<void(const Lease&)> kept;  // a heartbeat has come; taken is one, too
    std::function<void(const Lease&, const Owner&, End)> ended;
    std::function<void(const Lease&)> freed;  // may be taken, and nobody has
    std::function<void(const Lease&, const Owner& holder, const Owner& who)> asked;
  };
  void listen(Listener listener) { listener_ = std::move(listener); }

  // Those of a new version of the policy. A lease that is not the same any more, or whose holder may not take it any
  // more, ends. While one that is there no more has not been stopped, none is free: another may cover the same.
  using MayTake = std::function<bool(const Owner&, const std::string& name)>;
  void define(const std::vector<Lease>& leases, const MayTake& mayTake);
  // Whether the robot would be stopped (none: it would), so that leases may be taken. At first nobody would. Those that
  // are held when it ceases end.
  void watched(std::optional<run::Error> whyNot, Time now);

  // Error of all: unknownMember for a lease that is not there. Whether the caller may take it is decided before.
  // Error leaseHeld: somebody has it, or the robot is being stopped; unreachable: nobody would stop the robot. Of who
  // has it already, a heartbeat.
  run::Result<> take(const Owner& who, std::string_view name, Time now);
  // Error leaseNeeded: he does not have it, for whatever reason.
  run::Result<> keep(const Owner& who, std::string_view name, Time now);
  // Whoever has it lets the other sessions of his principal act under it, for as long as he has it: programs that he
  // starts. Error leaseNeeded.
  run::Result<> share(const Owner& who, std::string_view name, Time now);
  // To the principal who asked for it longest ago; with an empty `to` to nobody. Errors: leaseNeeded; badArguments:
  // `to` does not ask for it.
  run::Result<> give(const Owner& who, std::string_view name, std::string_view to, Time now);
  // Takes it if it is free. Otherwise the holder is told, and whoever asked first gets it when it is free. To be
  // repeated as a heartbeat: it counts for as long as one. Error overloaded.
  run::Result<> ask(const Owner& who, std::string_view name, Time now);
  // The session has ended.
  void leave(std::string_view session, Time now);
  // Ends what has no time left. To be called at next() at the latest; until then such a lease is held by nobody
  // already.
  void expire(Time now);
  std::optional<Time> next() const;
  // The robot rests after an end (or cannot be brought to rest: then that is in the log).
  void stopped(std::string_view name, Time now);
  // Somebody else has stopped it, while a lease was held: that ends.
  void intervened(std::string_view name);

  bool holds(std::string_view name, const Caller& caller, std::string_view session, Time now) const;
  struct Standing {
    Lease lease;
    State state = State::free;
    std::string holder;                 // principal; empty: nobody
    std::chrono::milliseconds left{0};  // until it lapses or expires, whatever is first
  };
  std::optional<Standing> standing(std::string_view name, Time now) const;
  // Principal; null: nobody.
  const std::string* holder(std::string_view name, Time now) const;

  // Whether that session holds a lease or asks for one.
  bool concerns(std::string_view session) const;

  static constexpr std::size_t mostAsking = 64;      // for one lease
  static constexpr std::size_t mostAskingOfOne = 8;  // sessions of one principal

 private:
  struct Asking {
    Owner who;
    Time until;
  };
  struct Entry {
    Lease lease;
    State state = State::free;
    Owner holder = {};
    Time taken = {}, kept = {};
    std::vector<Asking> asking = {};
    Time over() const { return std::min(kept + lease.lapse, taken + lease.longest); }
  };

  run::Result<Entry*> find(std::string_view name, Time now);
  void settle(Entry& entry, Time now);
  void begin(Entry& entry, const Owner& who, Time now);
  void end(Entry& entry, End why);
  void next(Entry& entry, Time now);
  void serveAsking(Time now);
  bool isWithheld() const { return whyNot_ || !retired_.empty(); }

  std::map<std::string, Entry, std::less<>> entries_;
  std::set<std::string, std::less<>> retired_;  // no leases any more, but the robot is being stopped for their end
  std::optional<run::Error> whyNot_ = run::Error{run::Code::unreachable, "nobody is there to stop the robot", {}};
  Listener listener_;
};

// For people: "lapsed", "given back" ...
std::string_view text(Leases::End end);

}  // namespace beckon::policy
