#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"

#include <string>
#include <string_view>

namespace beckon::xmpp {

// An <error/> in a stanza (RFC 6120 section 8.3).
struct StanzaError {
  std::string type;       // cancel, modify, auth, wait
  std::string condition;  // a defined condition, e.g. "service-unavailable"
  std::string text;       // for people
  // Where Beckon itself says no: <problem xmlns='urn:beckon:error:0' code='unknown-member' next-step='...'/>, so that
  // the other side shows the same code and next step. `code` is empty where the error is not Beckon's.
  std::string code, nextStep;
  // The condition of a protocol beside the standard one (RFC 6120 section 8.3.4), e.g. "bad-sessionid". Written only.
  std::string detail = {}, detailNs = {};

  // The standard condition that comes nearest to the code, with the code, cause and next step beside it.
  static StanzaError from(const run::Error& error);
  // Of a stanza of type "error". Never fails: what is missing reads as undefined-condition.
  static StanzaError read(const Element& stanza);

  Element element() const;
  // For the user: Beckon's own code where the other side gave one, otherwise what the condition means.
  run::Error toError() const;
};

inline const StanzaError serviceUnavailable{"cancel", "service-unavailable", "", "", ""};
inline const StanzaError badRequest{"modify", "bad-request", "", "", ""};
inline const StanzaError itemNotFound{"cancel", "item-not-found", "", "", ""};

}  // namespace beckon::xmpp
