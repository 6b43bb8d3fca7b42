#include "xmpp/presence.hpp"

#include "tests/xmpp/jid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono;
using testing::ElementsAre;
using testing::IsEmpty;

Element stanza(std::string_view type = {}) {
  Element out("presence", std::string(ns::client));
  return type.empty() ? out : out.set("type", type);
}

Element delay(std::string_view stamp) { return Element("delay", std::string(ns::delay)).set("stamp", stamp); }

Presence of(std::string_view from, const Element& element = stanza()) { return Presence::read(jid(from), element); }

std::vector<std::string> whom(const std::vector<Presence>& changes) {
  std::vector<std::string> out;
  for (const auto& change : changes) out.push_back((change.available ? "there " : "gone ") + change.from.text());
  return out;
}

TEST(Presence, tellsSinceWhenItIsSo) {
  EXPECT_FALSE(of("a@x/1").since);
  EXPECT_EQ(of("a@x/1", stanza().add(delay("2026-01-02T03:04:05Z"))).since,
            sys_days(2026y / January / 2) + 3h + 4min + 5s);
  EXPECT_FALSE(of("a@x/1", stanza().add(delay("yesterday"))).since);
  EXPECT_FALSE(
      of("a@x/1", stanza().add(Element("delay", "jabber:x:delay").set("stamp", "2026-01-02T03:04:05Z"))).since);
}

TEST(Presence, takesTheServersStampRatherThanTheSenders) {
  const auto both = stanza().add(delay("2000-01-01T00:00:00Z")).add(delay("2026-01-02T00:00:00Z"));
  EXPECT_EQ(of("a@x/1", both).since, sys_days(2026y / January / 2));
}

TEST(PresenceTable, knowsWhoIsThere) {
  PresenceTable table;
  EXPECT_THAT(whom(table.came(of("a@x/1"))), ElementsAre("there a@x/1"));
  table.came(of("a@x/2"));
  table.came(of("b@x/1"));
  EXPECT_THAT(whom(table.left(of("a@x/1", stanza("unavailable")))), ElementsAre("gone a@x/1"));
  EXPECT_THAT(table.left(of("a@x/1", stanza("unavailable"))), IsEmpty());
  table.came(of("a@x/3"));
  // A server for all of an account.
  EXPECT_THAT(whom(table.left(of("a@x", stanza("unavailable")))), ElementsAre("gone a@x/2", "gone a@x/3"));
  EXPECT_THAT(whom(table.clear()), ElementsAre("gone b@x/1"));
  EXPECT_TRUE(table.present().empty());
}

TEST(PresenceTable, fillsInWhatWasVerifiedForAllWhoHaveIt) {
  PresenceTable table;
  const auto with = [](const Caps& caps) { return stanza().add(caps.element()); };
  table.came(of("a@x/1", with({"urn:n", "v"})));
  table.came(of("b@x/1", with({"urn:n", "other"})));
  table.came(of("c@x/1", with({"urn:m", "v"})));
  table.came(of("d@x/1", with({"urn:n", "v", "sha-256"})));
  const auto disco = std::make_shared<const Disco>();
  EXPECT_THAT(whom(table.verified("v", disco)), ElementsAre("there a@x/1", "there c@x/1"));
  EXPECT_EQ(table.present().at(jid("a@x/1")).disco, disco);
  EXPECT_FALSE(table.present().at(jid("d@x/1")).disco);
  EXPECT_THAT(table.verified("v", disco), IsEmpty());
}

TEST(PresenceTable, holdsABoundedNumberOfOneAccount) {
  PresenceTable table;
  for (int i = 0; i < 100; ++i) table.came(of("a@x/" + std::to_string(i)));
  EXPECT_EQ(table.present().size(), 64u);
  table.came(of("b@x/1"));
  EXPECT_EQ(table.present().size(), 65u);
  EXPECT_FALSE(table.came(of("a@x/0")).empty());  // who is there may change
}

}  // namespace
}  // namespace beckon::xmpp
