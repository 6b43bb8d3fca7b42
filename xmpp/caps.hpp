#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace beckon::xmpp {

// What an entity says about itself in a disco#info answer (XEP-0030).
struct Disco {
  struct Identity {
    std::string category, type, language, name;
    friend auto operator<=>(const Identity&, const Identity&) = default;
  };
  // An extension form (XEP-0128): FORM_TYPE and the values of each other field.
  struct Form {
    std::string type;
    std::map<std::string, std::set<std::string>> fields;
    friend auto operator<=>(const Form&, const Form&) = default;
  };

  std::vector<Identity> identities;
  std::set<std::string> features;
  std::vector<Form> forms;

  Element query(std::string_view node = {}) const;  // <query xmlns='http://jabber.org/protocol/disco#info'/>
  // Nothing if the answer is ill-formed by XEP-0115 section 5.4 (an identity, a feature or a FORM_TYPE twice), or if it
  // can be read in two ways once put together for the hash: without an identity or with one that lacks category or
  // type, with a < in any text, a / in an identity's category, type or language, a field twice in a form. Forms without
  // a hidden FORM_TYPE are left out (rule 3.6).
  static std::optional<Disco> read(const Element& query);
};

// The verification string of XEP-0115 section 5.1, base64 of its SHA-1.
std::string capsHash(const Disco& disco);

// <c xmlns='http://jabber.org/protocol/caps'/> in a presence.
struct Caps {
  static constexpr std::string_view sha1 = "sha-1";

  std::string node;  // a URI of the software
  std::string ver;
  std::string hash = std::string(sha1);

  Element element() const;
  static std::optional<Caps> read(const Element& presence);
};

}  // namespace beckon::xmpp
