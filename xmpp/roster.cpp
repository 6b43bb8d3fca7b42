#include "xmpp/roster.hpp"

namespace beckon::xmpp {
namespace {

Element presence(std::string_view type, const Jid& to) {
  return Element("presence", std::string(ns::client)).set("type", type).set("to", to.text());
}

}  // namespace

Element Roster::request() { return Element("query", std::string(ns::roster)); }

void Roster::changed(const Element& query) {
  for (const auto& item : query.children) {
    const auto jid = Jid::parse(item.attribute("jid"));
    if (!jid) continue;
    const auto subscription = item.attribute("subscription");
    if (subscription == "to" || subscription == "both" || item.attribute("ask") == "subscribe")
      settled_.insert(jid->bare());
    else
      settled_.erase(jid->bare());
  }
}

std::vector<Element> Roster::loaded(const Element& query) {
  changed(query);
  std::vector<Element> out;
  for (const auto& contact : contacts_)
    if (settled_.insert(contact).second) out.push_back(presence("subscribe", contact));
  return out;
}

std::vector<Element> Roster::asked(const Element& stanza) {
  const auto from = Jid::parse(stanza.attribute("from"));
  if (!from) return {};
  const auto who = from->bare();
  if (!contacts_.contains(who)) return {presence("unsubscribed", who)};
  std::vector<Element> out{presence("subscribed", who)};
  if (settled_.insert(who).second) out.push_back(presence("subscribe", who));
  return out;
}

}  // namespace beckon::xmpp
