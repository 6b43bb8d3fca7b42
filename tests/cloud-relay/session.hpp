#pragma once

#include "xmpp/bytestreams.hpp"

#include <string>

namespace beckon::relay {

// A stream that one account asks for to another.
inline xmpp::bytestreams::Session session(int number, const std::string& from = "r2", const std::string& to = "alice") {
  const auto jid = [](const std::string& name) { return xmpp::Jid::parse(name + "@x/here").value(); };
  return {"0123456789abcdef" + std::to_string(number), jid(from), jid(to)};
}

}  // namespace beckon::relay
