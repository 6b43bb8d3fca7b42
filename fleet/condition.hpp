#pragma once

#include "xmpp/element.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::fleet {

// The element of a robot's presence that says what it is (docs/protocol/presence.md).
inline constexpr std::string_view robotNs = "urn:beckon:robot:0";
inline constexpr std::string_view robotName = "robot";

// How a robot is, as it tells all its contacts; so who makes it busy is not in it. What is absent is not known.
struct Condition {
  std::optional<int> battery;  // percent, 0 to 100
  std::optional<bool> isCharging;
  std::optional<bool> isBusy;  // somebody has control of it, or it is just being brought to rest; absent: nobody can
  std::string policy;          // the version that is in force; empty: not known

  // Onto `<robot/>`.
  void writeTo(xmpp::Element& robot) const;
  // What cannot be read is not known.
  static Condition read(const xmpp::Element& robot);

  // "battery 80 %, charging, in control: nobody"; empty where nothing of that is known.
  std::string text() const;
  // The same for every XMPP client: <show/> and <status/> (RFC 6121, section 4.7.2), as far as there is something to
  // say.
  std::vector<xmpp::Element> forPeople() const;

  friend bool operator==(const Condition&, const Condition&) = default;
};

}  // namespace beckon::fleet
