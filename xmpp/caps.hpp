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
  static Disco read(const Element& query);
};

// The verification string of XEP-0115 section 5.1, base64 of its SHA-1.
std::string capsHash(const Disco& disco);

// <c xmlns='http://jabber.org/protocol/caps'/> in a presence.
struct Caps {
  std::string node;  // a URI of the software
  std::string ver;
  std::string hash = "sha-1";

  Element element() const;
  static std::optional<Caps> read(const Element& presence);
};

}  // namespace beckon::xmpp
