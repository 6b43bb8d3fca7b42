#pragma once

#include "xmpp/jid.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace beckon::relay {

// When each robot was last heard, and which of them are to be asked. Times in, no I/O. While the component is away
// nobody can be heard, so that silence counts from when it came back.
class Liveness {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Who was heard that short ago is not asked: however many look, a robot answers no more often.
  static constexpr std::chrono::milliseconds usualFreshness{5000};
  // So long an answer is waited for, once the server has the question: a lost packet is sent again twice within it (RFC
  // 6298: after 1 s, and 2 s later).
  static constexpr std::chrono::milliseconds patience{3000};
  // Who does not answer is asked again after it.
  static constexpr std::chrono::milliseconds again{15000};

  explicit Liveness(std::chrono::milliseconds freshness = usualFreshness) : freshness_(freshness) {}

  // The component is online again. Robots may have come to other addresses meanwhile.
  void listen(Time now);
  // A member was heard. Strangers are not: whoever calls this has made sure.
  void heard(const xmpp::Jid& address, Time now);
  // It has answered what it was asked there; a member that came to another address meanwhile has not.
  void answered(const xmpp::Jid& address, Time now);
  // The server has, in its place: nobody is at this address.
  void missing(const xmpp::Jid& address);
  bool knows(const std::string& account) const { return robots_.contains(account); }
  void forget(const std::string& account) { robots_.erase(account); }

  // Where that account is to be asked now: its full address, or the bare one while that is not known. None: it need not
  // be, or has been.
  std::optional<xmpp::Jid> question(const std::string& account, Time now);
  // The server has passed that question on, if it is not answered yet.
  void passedOn(const std::string& account, Time now);
  // When its answer is not waited for any more; none: it is not waited for.
  std::optional<Time> awaitedUntil(const std::string& account, Time now) const;
  // For how long nothing was heard of it, as far as we can know.
  std::chrono::milliseconds silence(const std::string& account, Time now) const;

 private:
  struct Robot {
    std::optional<xmpp::Jid> address;  // full
    std::optional<Time> heard, asked;  // asked: unless it was heard since
    bool isMissing = false;            // nobody waits for it
  };

  Robot* askedAt(const xmpp::Jid& address);  // null: nothing is awaited from there

  std::chrono::milliseconds freshness_;
  Time listeningSince_{};
  std::map<std::string, Robot> robots_;  // by account
};

}  // namespace beckon::relay
