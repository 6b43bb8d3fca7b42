#pragma once

#include "tests/strophe/strophe_element.hpp"

#include <strophe.h>

#include <optional>
#include <string>

namespace beckon::fuzz {

// Text as an element, by the parser that StropheStream has its stanzas from.
class StropheParser {
 public:
  StropheParser() : context_(xmpp_ctx_new(nullptr, nullptr)) {}
  ~StropheParser() { xmpp_ctx_free(context_); }
  StropheParser(const StropheParser&) = delete;
  StropheParser& operator=(const StropheParser&) = delete;

  std::optional<xmpp::Element> parse(const std::string& xml) {
    auto* stanza = xmpp_stanza_new_from_string(context_, xml.c_str());
    if (!stanza) return std::nullopt;
    auto element = xmpp::fromStrophe(stanza);
    xmpp_stanza_release(stanza);
    return element;
  }

 private:
  xmpp_ctx_t* context_;
};

}  // namespace beckon::fuzz
