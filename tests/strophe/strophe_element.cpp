#include "tests/strophe/strophe_element.hpp"

#include <string>
#include <vector>

namespace beckon::xmpp {
namespace {

constexpr int deepest = 64;  // the limit of the bus for nested values, too

bool copy(xmpp_stanza_t* stanza, Element& out, int depth) {
  if (depth > deepest) return false;
  if (const char* name = xmpp_stanza_get_name(stanza)) out.name = name;
  if (const char* xmlns = xmpp_stanza_get_ns(stanza)) out.xmlns = xmlns;
  std::vector<const char*> pairs(2 * static_cast<std::size_t>(xmpp_stanza_get_attribute_count(stanza)));
  const auto count =
      static_cast<std::size_t>(xmpp_stanza_get_attributes(stanza, pairs.data(), static_cast<int>(pairs.size())));
  for (std::size_t i = 0; i + 1 < count; i += 2)
    if (std::string_view(pairs[i]) != "xmlns") out.attributes.emplace(pairs[i], pairs[i + 1]);
  for (auto* child = xmpp_stanza_get_children(stanza); child; child = xmpp_stanza_get_next(child)) {
    if (xmpp_stanza_is_text(child)) {
      if (const char* text = xmpp_stanza_get_text_ptr(child)) out.text += text;
    } else if (!copy(child, out.children.emplace_back(), depth + 1)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<Element> fromStrophe(xmpp_stanza_t* stanza) {
  std::optional<Element> out(std::in_place);
  if (!copy(stanza, *out, 1)) out.reset();
  return out;
}

}  // namespace beckon::xmpp
