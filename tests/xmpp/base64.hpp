#pragma once

#include "core/qi/json_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace beckon::xmpp {

// As SASL sends its messages.
inline std::string base64(std::string_view text) {
  return qi::toBase64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace beckon::xmpp
