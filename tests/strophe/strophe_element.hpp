#pragma once

#include "xmpp/element.hpp"

#include <strophe.h>

#include <optional>

namespace beckon::xmpp {

// A stanza of libstrophe as an Element; nothing if it is nested more than 64 deep.
std::optional<Element> fromStrophe(xmpp_stanza_t* stanza);

}  // namespace beckon::xmpp
