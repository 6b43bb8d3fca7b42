#pragma once

#include "xmpp/caps.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beckon::xmpp {

// Presence of somebody else.
struct Presence {
  Jid from;  // full, except where a server speaks for an account
  bool available = false;
  std::optional<Caps> caps;
  Element stanza;  // as it arrived. Payload: stanza.child("robot", "urn:beckon:robot:0")
  // What he can: `caps`, asked for and found to hash to what was promised (XEP-0115 section 5.4). Null until then, and
  // where it does not.
  std::shared_ptr<const Disco> disco = nullptr;
  // When he came to be so, where a server says that this is older than its arrival (XEP-0203). By the server's clock.
  std::optional<std::chrono::system_clock::time_point> since = std::nullopt;

  static Presence read(const Jid& from, const Element& stanza);
};

// Who is there, without I/O. What its functions give is what has changed, in order.
class PresenceTable {
 public:
  const std::map<Jid, Presence>& present() const { return present_; }

  // Ignored beyond 64 resources of one account.
  std::vector<Presence> came(const Presence& presence);
  // Somebody, or from a bare address all of an account, is gone.
  std::vector<Presence> left(const Presence& presence);
  // The capabilities of that `ver` are verified; gives those who have them.
  std::vector<Presence> verified(const std::string& ver, const std::shared_ptr<const Disco>& disco);
  // The stream has ended: everybody is gone, for all we know.
  std::vector<Presence> clear();

 private:
  std::map<Jid, Presence> present_;
};

}  // namespace beckon::xmpp
