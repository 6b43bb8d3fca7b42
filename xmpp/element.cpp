#include "xmpp/element.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace beckon::xmpp {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the UTF-8 sequence at the front, 0 if it is malformed or no character of XML 1.0 (section 2.2).
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  std::uint32_t point = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3F);
  }
  const bool shortest = length == 2 || (length == 3 ? point >= 0x800 : point >= 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return shortest && !surrogate && point != 0xFFFE && point != 0xFFFF && point <= 0x10FFFF ? length : 0;
}

bool isPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '&' && c != '<' && c != '>' && c != '\'';
}

// Line ends and, in attributes, tabs are written as references, because a parser normalises them (XML 1.0 sections
// 2.11 and 3.3.3). In text, > has to be escaped only after ]], so always.
void escape(std::string& out, std::string_view text, bool attribute) {
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, isPlain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto length = character(text);
    const char c = text.front();
    if (length == 0)
      out += replacement;
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '\r')
      out += "&#xD;";
    else if (attribute && c == '\'')
      out += "&apos;";
    else if (attribute && c == '\n')
      out += "&#xA;";
    else if (attribute && c == '\t')
      out += "&#x9;";
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void write(std::string& out, const Element& element, std::string_view inherited) {
  out += '<';
  out += element.name;
  if (!element.xmlns.empty() && element.xmlns != inherited) {
    out += " xmlns='";
    escape(out, element.xmlns, true);
    out += '\'';
  }
  for (const auto& [name, value] : element.attributes) {
    out += ' ';
    out += name;
    out += "='";
    escape(out, value, true);
    out += '\'';
  }
  if (element.text.empty() && element.children.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  escape(out, element.text, false);
  for (const auto& child : element.children) write(out, child, element.xmlns.empty() ? inherited : element.xmlns);
  out += "</";
  out += element.name;
  out += '>';
}

}  // namespace

Element::Element(std::string name_, std::string xmlns_, std::string text_)
    : name(std::move(name_)), xmlns(std::move(xmlns_)), text(std::move(text_)) {}

Element& Element::set(std::string_view attribute, std::string_view value) & {
  attributes.insert_or_assign(std::string(attribute), std::string(value));
  return *this;
}

Element&& Element::set(std::string_view attribute, std::string_view value) && {
  return std::move(set(attribute, value));
}

Element& Element::add(Element child) & {
  children.push_back(std::move(child));
  return *this;
}

Element&& Element::add(Element child) && { return std::move(add(std::move(child))); }

std::string_view Element::attribute(std::string_view key) const {
  const auto found = attributes.find(key);
  return found == attributes.end() ? std::string_view() : found->second;
}

bool Element::is(std::string_view itsName, std::string_view itsXmlns) const {
  return name == itsName && xmlns == itsXmlns;
}

const Element* Element::child(std::string_view itsName, std::string_view itsXmlns) const {
  for (const auto& child : children)
    if (child.name == itsName && (child.xmlns.empty() ? xmlns : child.xmlns) == itsXmlns) return &child;
  return nullptr;
}

const Element* Element::firstChild() const { return children.empty() ? nullptr : &children.front(); }

std::string_view Element::childText(std::string_view itsName, std::string_view itsXmlns) const {
  const auto* found = child(itsName, itsXmlns);
  return found ? std::string_view(found->text) : std::string_view();
}

std::string Element::toXml(std::string_view inherited) const {
  std::string out;
  write(out, *this, inherited);
  return out;
}

}  // namespace beckon::xmpp
