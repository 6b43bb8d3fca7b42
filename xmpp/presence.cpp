#include "xmpp/presence.hpp"

#include "xmpp/timestamp.hpp"

#include <cstddef>
#include <utility>

namespace beckon::xmpp {
namespace {

constexpr std::size_t mostResources = 64;  // of one account; its server decides how many there are

}  // namespace

Presence Presence::read(const Jid& from, const Element& stanza) {
  Presence out{from, stanza.attribute("type").empty(), Caps::read(stanza), stanza};
  // The last one, since servers add theirs behind what the sender has written.
  for (const auto& child : stanza.children)
    if (child.is("delay", ns::delay)) out.since = parseTimestamp(child.attribute("stamp"));
  return out;
}

std::vector<Presence> PresenceTable::came(const Presence& presence) {
  const auto account = presence.from.bare();
  auto last = present_.lower_bound(account);  // addresses of an account stand together, the bare one first
  std::size_t resources = 0;
  for (; last != present_.end() && last->first.bare() == account; ++last) ++resources;
  if (resources >= mostResources && !present_.contains(presence.from)) return {};
  present_.insert_or_assign(presence.from, presence);
  return {presence};
}

std::vector<Presence> PresenceTable::left(const Presence& presence) {
  std::vector<Presence> out;
  const auto account = presence.from.bare();
  for (auto it = present_.lower_bound(account); it != present_.end() && it->first.bare() == account;) {
    if (it->first != presence.from && !presence.from.isBare()) {
      ++it;
      continue;
    }
    out.push_back(presence);
    out.back().from = it->first;
    it = present_.erase(it);
  }
  return out;
}

std::vector<Presence> PresenceTable::verified(const std::string& ver, const std::shared_ptr<const Disco>& disco) {
  std::vector<Presence> out;
  for (auto& [jid, presence] : present_) {
    if (!presence.caps || presence.caps->ver != ver || presence.caps->hash != Caps::sha1 || presence.disco) continue;
    presence.disco = disco;
    out.push_back(presence);
  }
  return out;
}

std::vector<Presence> PresenceTable::clear() {
  std::vector<Presence> out;
  for (const auto& [jid, presence] : std::exchange(present_, {})) {
    Element gone("presence", std::string(ns::client));
    out.push_back({jid, false, std::nullopt, gone.set("type", "unavailable").set("from", jid.text())});
  }
  return out;
}

}  // namespace beckon::xmpp
