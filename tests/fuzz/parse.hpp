#pragma once

#include "xmpp/stream_parser.hpp"

#include <optional>
#include <string_view>

namespace beckon::fuzz {

// Text as an element, read as what comes on a stream is.
inline std::optional<xmpp::Element> parse(std::string_view xml) {
  xmpp::StreamParser parser(1 << 20);
  parser.feed("<stream>");
  parser.feed(xml);
  if (!parser.next()) return std::nullopt;  // the header
  auto event = parser.next();
  if (!event || !*event) return std::nullopt;
  auto* child = std::get_if<xmpp::StreamParser::Child>(&**event);
  return child ? std::optional(std::move(child->element)) : std::nullopt;
}

}  // namespace beckon::fuzz
