#pragma once

#include "core/run/error.hpp"

#include <compare>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace beckon::xmpp {

// An XMPP address, node@domain/resource (RFC 7622). A value: valid once parsed, never changed afterwards.
// Node and domain are compared without regard to ASCII case (they are kept in lower case), the resource exactly.
// Characters beyond ASCII are taken as they come: the server's own preparation decides about them.
class Jid {
 public:
  Jid() = default;  // empty(): no address
  static run::Result<Jid> parse(std::string_view text);

  const std::string& node() const { return node_; }  // empty for a server
  const std::string& domain() const { return domain_; }
  const std::string& resource() const { return resource_; }  // empty for a bare JID
  bool empty() const { return domain_.empty(); }
  bool isBare() const { return resource_.empty(); }

  Jid bare() const;
  Jid server() const;                                          // the domain alone
  run::Result<Jid> withResource(std::string_view name) const;  // this account's full JID
  std::string text() const;

  friend std::strong_ordering operator<=>(const Jid&, const Jid&) = default;
  friend bool operator==(const Jid&, const Jid&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Jid& jid) { return out << jid.text(); }

 private:
  std::string node_, domain_, resource_;
};

}  // namespace beckon::xmpp
