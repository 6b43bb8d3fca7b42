#include "xmpp/caps.hpp"

#include "core/qi/json_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace beckon::xmpp {
namespace {

constexpr std::string_view forms = "jabber:x:data";  // XEP-0004

std::string verificationString(const Disco& disco) {
  std::string out;
  auto identities = disco.identities;
  std::sort(identities.begin(), identities.end());
  for (const auto& id : identities) out += id.category + "/" + id.type + "/" + id.language + "/" + id.name + "<";
  for (const auto& feature : disco.features) out += feature + "<";
  auto extensions = disco.forms;
  std::sort(extensions.begin(), extensions.end());
  for (const auto& form : extensions) {
    out += form.type + "<";
    for (const auto& [field, values] : form.fields) {
      out += field + "<";
      for (const auto& value : values) out += value + "<";
    }
  }
  return out;
}

Element field(std::string_view var, const std::set<std::string>& values) {
  Element out("field", std::string(forms));
  out.set("var", var);
  for (const auto& value : values) out.add(Element("value", std::string(forms), value));
  return out;
}

// What the parts of the hashed text are told apart by must not be in them.
bool clean(std::string_view text, std::string_view separators = "<") {
  return text.find_first_of(separators) == std::string_view::npos;
}

bool clean(const Disco::Identity& id) {
  return !id.category.empty() && !id.type.empty() && clean(id.category, "</") && clean(id.type, "</") &&
         clean(id.language, "</") && clean(id.name);
}

bool readForm(const Element& x, Disco::Form& form) {
  bool wellFormed = true, typed = false;
  for (const auto& entry : x.children) {
    if (!entry.is("field", forms)) continue;
    std::set<std::string> values;
    for (const auto& value : entry.children)
      if (value.is("value", forms)) values.insert(value.text);
    const std::string var(entry.attribute("var"));
    wellFormed = wellFormed && clean(var) && std::ranges::all_of(values, [](const auto& v) { return clean(v); });
    if (var == "FORM_TYPE") {
      wellFormed = wellFormed && !std::exchange(typed, true) && values.size() <= 1;
      if (!values.empty() && entry.attribute("type") == "hidden") form.type = *values.begin();
    } else {
      wellFormed = form.fields.emplace(var, std::move(values)).second && wellFormed;
    }
  }
  return wellFormed;
}

}  // namespace

Element Disco::query(std::string_view node) const {
  Element out("query", std::string(ns::discoInfo));
  if (!node.empty()) out.set("node", node);
  for (const auto& id : identities) {
    Element identity("identity", std::string(ns::discoInfo));
    identity.set("category", id.category).set("type", id.type);
    if (!id.language.empty()) identity.set("xml:lang", id.language);
    if (!id.name.empty()) identity.set("name", id.name);
    out.add(std::move(identity));
  }
  for (const auto& feature : features) out.add(Element("feature", std::string(ns::discoInfo)).set("var", feature));
  for (const auto& form : this->forms) {
    Element x("x", std::string(xmpp::forms));
    x.set("type", "result");
    x.add(field("FORM_TYPE", {form.type}).set("type", "hidden"));
    for (const auto& [var, values] : form.fields) x.add(field(var, values));
    out.add(std::move(x));
  }
  return out;
}

std::optional<Disco> Disco::read(const Element& query) {
  Disco out;
  std::set<Identity> identities;
  std::set<std::string> types;
  for (const auto& child : query.children) {
    if (child.is("identity", ns::discoInfo)) {
      Identity id{std::string(child.attribute("category")), std::string(child.attribute("type")),
                  std::string(child.attribute("lang")), std::string(child.attribute("name"))};
      if (!clean(id) || !identities.insert(id).second) return std::nullopt;
      out.identities.push_back(std::move(id));
    } else if (child.is("feature", ns::discoInfo)) {
      const std::string feature(child.attribute("var"));
      if (!clean(feature) || !out.features.insert(feature).second) return std::nullopt;
    } else if (child.is("x", xmpp::forms)) {
      Form form;
      const bool wellFormed = readForm(child, form);
      if (form.type.empty()) continue;
      if (!wellFormed || !types.insert(form.type).second) return std::nullopt;
      out.forms.push_back(std::move(form));
    }
  }
  if (out.identities.empty()) return std::nullopt;
  return out;
}

std::string capsHash(const Disco& disco) {
  const auto text = verificationString(disco);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  return qi::toBase64({digest.data(), length});
}

Element Caps::element() const {
  return Element("c", std::string(ns::caps)).set("hash", hash).set("node", node).set("ver", ver);
}

std::optional<Caps> Caps::read(const Element& presence) {
  const auto* c = presence.child("c", ns::caps);
  if (!c || c->attribute("ver").empty()) return std::nullopt;
  return Caps{std::string(c->attribute("node")), std::string(c->attribute("ver")), std::string(c->attribute("hash"))};
}

}  // namespace beckon::xmpp
