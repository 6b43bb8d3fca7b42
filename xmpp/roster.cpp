#include "xmpp/roster.hpp"

#include <algorithm>
#include <utility>

namespace beckon::xmpp {
namespace {

Element presence(std::string_view type, const Jid& to) {
  return Element("presence", std::string(ns::client)).set("type", type).set("to", to.text());
}

Element change(Element item) { return Roster::request().add(std::move(item)); }

Element item(std::string_view jid) { return Element("item", std::string(ns::roster)).set("jid", jid); }

bool inOurGroup(const Element& item) {
  return std::ranges::any_of(
      item.children, [](const Element& child) { return child.is("group", ns::roster) && child.text == Roster::group; });
}

}  // namespace

Roster::Roster(const std::set<Jid>& contacts, bool ownsRoster) : ownsRoster_(ownsRoster) {
  for (const auto& contact : contacts) contacts_.try_emplace(contact.bare());
}

Element Roster::request() { return Element("query", std::string(ns::roster)); }

bool Roster::mayBeSubscribedTo(const Jid& jid) const {
  const auto found = contacts_.find(jid.bare());
  return found != contacts_.end() && (found->second.to || !known_);
}

std::vector<Element> Roster::loaded(const Element* query, TimePoint now) {
  std::vector<Element> out;
  if (query) {
    known_ = true;
    for (const auto& entry : query->children) {
      const auto jid = Jid::parse(entry.attribute("jid"));
      if (!jid) continue;
      const auto found = contacts_.find(*jid);
      if (found != contacts_.end())
        update(found->second, entry, now);
      else if (ownsRoster_ || inOurGroup(entry))
        out.push_back(change(item(entry.attribute("jid")).set("subscription", "remove")));
    }
  }
  for (auto& [jid, contact] : contacts_)
    if (!contact.to) ask(jid, contact, now, out);
  return out;
}

std::vector<Element> Roster::changed(const Element& query, TimePoint now) {
  std::vector<Element> out;
  for (const auto& entry : query.children) {
    const auto jid = Jid::parse(entry.attribute("jid"));
    const auto found = jid ? contacts_.find(*jid) : contacts_.end();
    if (found == contacts_.end()) continue;
    auto& contact = found->second;
    const bool had = contact.to, asked = contact.asking;
    update(contact, entry, now);
    const bool lost = had && !contact.to;
    const bool refused = asked && !contact.asking && !contact.to && contact.askedAt && now < *contact.askedAt + pause;
    if (lost || (refused && !std::exchange(contact.insisted, true))) ask(*jid, contact, now, out);
  }
  return out;
}

std::vector<Element> Roster::become(const std::set<Jid>& contacts, TimePoint now) {
  std::vector<Element> out;
  std::erase_if(contacts_, [&](const auto& entry) {
    if (contacts.contains(entry.first)) return false;
    // With the item go both subscriptions (RFC 6121 section 2.5.2): he sees us leave at once.
    out.push_back(change(item(entry.first.text()).set("subscription", "remove")));
    return true;
  });
  // Whoever asked while he was none was not answered, and his server does not pass the request on again (RFC 6121
  // section 3.1.3): approved unasked, a request that waits is granted, and without one it changes nothing.
  for (const auto& jid : contacts)
    if (const auto [entry, isNew] = contacts_.try_emplace(jid.bare()); isNew)
      welcome(entry->first, entry->second, now, out);
  return out;
}

std::vector<Element> Roster::asked(const Element& stanza, TimePoint now) {
  const auto from = Jid::parse(stanza.attribute("from"));
  if (!from) return {};
  const auto who = from->bare();
  const auto found = contacts_.find(who);
  // Silence is what somebody hears who asks an account that is not there; a refusal would tell that we are.
  if (found == contacts_.end()) return {};
  std::vector<Element> out;
  welcome(who, found->second, now, out);
  return out;
}

void Roster::welcome(const Jid& jid, Contact& contact, TimePoint now, std::vector<Element>& out) {
  add(jid, contact, out);
  out.push_back(presence("subscribed", jid));
  ask(jid, contact, now, out);
}

std::vector<Element> Roster::seen(const Jid& from, TimePoint now) {
  std::vector<Element> out;
  const auto found = contacts_.find(from.bare());
  if (found != contacts_.end() && found->second.asking && !found->second.to) ask(found->first, found->second, now, out);
  return out;
}

std::vector<Element> Roster::tick(TimePoint now) {
  std::vector<Element> out;
  for (auto& [jid, contact] : contacts_) {
    const auto due = deadline(contact);
    if (!due || *due > now) continue;
    if (contact.oneSidedAt && !contact.renewed) {
      contact.renewed = true;
      contact.to = false;  // so the change that the server will tell is none
      contact.oneSidedAt.reset();
      out.push_back(presence("unsubscribe", jid));
    }
    ask(jid, contact, now, out);
  }
  return out;
}

std::optional<Roster::TimePoint> Roster::nextDeadline() const {
  std::optional<TimePoint> out;
  for (const auto& [jid, contact] : contacts_)
    if (const auto due = deadline(contact); due && (!out || *due < *out)) out = due;
  return out;
}

std::optional<Roster::TimePoint> Roster::deadline(const Contact& contact) {
  const auto after = [&](TimePoint moment) {
    return contact.askedAt ? std::max(moment, *contact.askedAt) + pause : moment + pause;
  };
  if (contact.toBeAsked) return after(*contact.askedAt);
  if (contact.oneSidedAt && !contact.renewed) return after(*contact.oneSidedAt);
  return std::nullopt;
}

void Roster::update(Contact& contact, const Element& entry, TimePoint now) {
  const auto subscription = entry.attribute("subscription");
  const bool had = contact.to;
  contact.onRoster = subscription != "remove";
  contact.to = subscription == "to" || subscription == "both";
  contact.from = subscription == "from" || subscription == "both";
  contact.asking = entry.attribute("ask") == "subscribe";
  // He has approved us after what we last sent: whatever was still to be asked is answered.
  if (contact.to && !had) contact.toBeAsked = false;
  if (!contact.to || contact.from)
    contact.oneSidedAt.reset();
  else if (!contact.oneSidedAt)
    contact.oneSidedAt = now;
}

void Roster::ask(const Jid& jid, Contact& contact, TimePoint now, std::vector<Element>& out) {
  contact.toBeAsked = contact.askedAt && now < *contact.askedAt + pause;
  if (contact.toBeAsked) return;
  contact.askedAt = now;
  add(jid, contact, out);
  out.push_back(presence("subscribe", jid));
}

// Before a request, since a server that adds the item by itself puts it into no group. Only where it is known not to
// be there: a change replaces the groups and name that its owner gave it.
void Roster::add(const Jid& jid, Contact& contact, std::vector<Element>& out) {
  if (!known_ || contact.onRoster) return;
  contact.onRoster = true;
  out.push_back(change(item(jid.text()).add(Element("group", std::string(ns::roster), std::string(group)))));
}

}  // namespace beckon::xmpp
