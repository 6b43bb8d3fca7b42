#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::gateway {

// Makes a repeated request harmless (docs/protocol/rpc.md, "Never twice, never late"): knows the requests of each
// account by the ids that the callers chose, and gives a repeat the outcome of the first. Without I/O or clock.
class Repeats {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Outcome = run::Result<xmpp::Element>;
  using Waiter = std::function<void(const Outcome&)>;

  // How long an id is known after its outcome: a caller gives up 65 s after it first asked (the longest time of a call
  // and the way), so no repeat comes later.
  static constexpr std::chrono::seconds memory{120};
  static constexpr std::size_t mostIds = 4096;              // of one account
  static constexpr std::size_t largestOutcome = 64 * 1024;  // bytes that are kept of one
  static constexpr std::size_t mostBytes = 1024 * 1024;     // and of all of an account

  bool knows(const std::string& account, const std::string& id) const;
  // If the request was seen before: true, and `waiter` gets its outcome, at once or when it is there.
  bool join(const std::string& account, const std::string& id, Time now, const Waiter& waiter);
  // A request that was not. False: there is no room for it, and nothing was noted.
  bool begin(const std::string& account, const std::string& id, Time now, Waiter waiter);
  // Once for each begin(): every waiter gets the outcome.
  void finish(const std::string& account, const std::string& id, Time now, Outcome outcome);
  // The caller has these outcomes.
  void forget(const std::string& account, const std::vector<std::string>& ids);

 private:
  struct Request {
    std::vector<Waiter> waiters;  // until it is finished
    std::shared_ptr<const Outcome> outcome;
    std::size_t bytes = 0;
    bool isFinished = false;
  };
  struct Account {
    std::map<std::string, Request, std::less<>> requests;
    std::deque<std::pair<Time, std::string>> finished;  // in the order of time
    std::size_t bytes = 0;
  };
  static void erase(Account& account, const std::string& id);
  Account& cleaned(const std::string& account, Time now);

  std::map<std::string, Account, std::less<>> accounts_;
};

}  // namespace beckon::gateway
