#pragma once

#include "xmpp/jid.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace beckon::xmpp {

// For each contact, whether what the server knows of his presence has arrived since the stream began; without I/O.
// A server sends what it knows in answer to our first presence, and does not say when it is done. Stanzas between two
// entities keep their order (RFC 6120 section 10.1), so the answer to a ping of the contact's account, sent right
// behind that presence, comes after it. One object for one stream.
class Settling {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // ejabberd answers pings and sends presence from different processes: the answer may overtake by that much.
  static constexpr std::chrono::milliseconds grace{250};
  // A ping without any answer is sent again: his server may be slow, or only just coming back.
  static constexpr std::chrono::milliseconds pingDeadline{30000};

  struct Due {
    std::vector<Jid> ping;     // their accounts
    std::vector<Jid> settled;  // for whom it has become true
  };

  bool settled(const Jid& contact) const { return settled_.contains(contact.bare()); }

  void await(const Jid& contact, TimePoint now);  // tick() is to ping him, unless that is under way
  // Something definite is known of him. True if it was not before.
  bool told(const Jid& contact);
  void answered(const Jid& contact, TimePoint now);  // the ping, by a result or an error
  Due tick(TimePoint now);
  std::optional<TimePoint> nextDeadline() const;

 private:
  struct Wait {
    bool answered;
    TimePoint until;
  };

  std::set<Jid> settled_;
  std::map<Jid, Wait> waiting_;
};

}  // namespace beckon::xmpp
