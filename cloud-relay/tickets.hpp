#pragma once

#include "core/run/error.hpp"
#include "xmpp/bytestreams.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace beckon::relay {

using xmpp::bytestreams::Session;

// Who may connect to whom: a ticket is open from when the requester asks for it until its stream ends, or until its
// time is over before both have connected and the requester has said so. Times in, no I/O. Keys are Session::hash().
class Tickets {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds lifetime{60};

  struct Limits {
    std::size_t ofRequester = 16;  // of an account: tickets and streams together
    std::size_t inAll = 4096;
  };

  explicit Tickets(Limits limits) : limits_(limits) {}

  // Error overloaded above a limit, invalidArgument for one that is open. Gives the key.
  run::Result<std::string> open(const Session& session, Time now);
  // Somebody shows a key. True: it is one of the two whom an open ticket lets in.
  bool admit(const std::string& key, Time now);
  // The requester wants the bytes to flow. Error invalidArgument where there is no such ticket, or not both are there.
  run::Result<std::string> activate(const Session& session, Time now);
  void end(const std::string& key) { tickets_.erase(key); }

  // Those end of whom this account is either end, or whose time was over. Gives their keys.
  std::vector<std::string> endOf(const std::string& account);
  std::vector<std::string> endLate(Time now);

  std::size_t size() const { return tickets_.size(); }
  std::set<std::string> accounts() const;  // of either end

 private:
  struct Ticket {
    Session session;
    std::string requester, target;  // accounts
    Time ends;
    int admitted = 0;
    bool isActive = false;
    bool isOver(Time now) const { return !isActive && ends <= now; }
  };
  template <class Which>
  std::vector<std::string> endThose(Which which);

  Limits limits_;
  std::map<std::string, Ticket, std::less<>> tickets_;
};

}  // namespace beckon::relay
