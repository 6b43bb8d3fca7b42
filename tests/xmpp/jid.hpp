#pragma once

#include "xmpp/jid.hpp"

#include <string_view>

namespace beckon::xmpp {

// Of a text that is one.
inline Jid jid(std::string_view text) { return Jid::parse(text).value(); }

}  // namespace beckon::xmpp
