#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::xmpp {

// An XML element as XMPP uses them: either text or children matter, their interleaving does not.
// A value, free of any XML library. Attributes with a namespace prefix keep only their local name ("xml:lang" is
// "lang"), as the parser below gives them.
struct Element {
  std::string name;
  std::string xmlns;  // empty: that of the parent
  std::map<std::string, std::string, std::less<>> attributes;
  std::vector<Element> children;
  std::string text;  // all character data directly inside, put together

  Element() = default;
  explicit Element(std::string name, std::string xmlns = {}, std::string text = {});

  // Building: set() and add() give the element itself, so that calls can be chained.
  Element& set(std::string_view attribute, std::string_view value) &;
  Element&& set(std::string_view attribute, std::string_view value) &&;
  Element& add(Element child) &;
  Element&& add(Element child) &&;

  // Reading. A missing attribute reads as empty.
  std::string_view attribute(std::string_view name) const;
  bool is(std::string_view name, std::string_view xmlns) const;
  // The first child of that name and namespace; nullptr if there is none. A child without a namespace of its own
  // counts as being in this element's.
  const Element* child(std::string_view name, std::string_view xmlns) const;
  const Element* firstChild() const;
  std::string_view childText(std::string_view name, std::string_view xmlns) const;  // empty if there is none

  // Serialised for a place where `inherited` is the default namespace. Text and attribute values are escaped; what
  // XML 1.0 cannot carry at all (control characters, malformed UTF-8) becomes U+FFFD, so that no argument of a call
  // can end the stream.
  std::string toXml(std::string_view inherited = {}) const;

  friend bool operator==(const Element&, const Element&) = default;
};

// Namespaces of the stream itself (RFC 6120).
namespace ns {
inline constexpr std::string_view client = "jabber:client";
inline constexpr std::string_view streams = "http://etherx.jabber.org/streams";
inline constexpr std::string_view streamErrors = "urn:ietf:params:xml:ns:xmpp-streams";
inline constexpr std::string_view stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view tls = "urn:ietf:params:xml:ns:xmpp-tls";
inline constexpr std::string_view sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
inline constexpr std::string_view bind = "urn:ietf:params:xml:ns:xmpp-bind";
inline constexpr std::string_view session = "urn:ietf:params:xml:ns:xmpp-session";
inline constexpr std::string_view roster = "jabber:iq:roster";
inline constexpr std::string_view discoInfo = "http://jabber.org/protocol/disco#info";
inline constexpr std::string_view caps = "http://jabber.org/protocol/caps";
inline constexpr std::string_view delay = "urn:xmpp:delay";
inline constexpr std::string_view ping = "urn:xmpp:ping";
inline constexpr std::string_view version = "jabber:iq:version";
}  // namespace ns

}  // namespace beckon::xmpp
