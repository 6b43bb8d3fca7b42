#include "xmpp/roster.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

Jid jid(std::string_view text) { return *Jid::parse(text); }

Element item(std::string_view who, std::string_view subscription, std::string_view ask = {}) {
  Element out("item", std::string(ns::roster));
  out.set("jid", who).set("subscription", subscription);
  if (!ask.empty()) out.set("ask", ask);
  return out;
}

Element query() { return Roster::request(); }
Element subscribeFrom(std::string_view who) {
  return Element("presence", std::string(ns::client)).set("from", who).set("type", "subscribe");
}

std::vector<std::string> said(const std::vector<Element>& stanzas) {
  std::vector<std::string> out;
  for (const auto& s : stanzas) out.push_back(std::string(s.attribute("type")) + " " + std::string(s.attribute("to")));
  return out;
}

using Said = std::vector<std::string>;

TEST(Roster, asksEachContactThatItIsNotSubscribedTo) {
  Roster roster({jid("a@x"), jid("b@x"), jid("c@x"), jid("d@x"), jid("e@x")});
  const auto stanzas = roster.loaded(query()
                                         .add(item("a@x", "both"))
                                         .add(item("b@x", "to"))
                                         .add(item("c@x", "from"))
                                         .add(item("d@x", "none", "subscribe")));
  EXPECT_EQ(said(stanzas), (Said{"subscribe c@x", "subscribe e@x"}));
}

TEST(Roster, approvesContactsAndRefusesOthers) {
  Roster roster({jid("a@x")});
  roster.loaded(query().add(item("a@x", "to")));
  EXPECT_EQ(said(roster.asked(subscribeFrom("a@x"))), (Said{"subscribed a@x"}));
  EXPECT_EQ(said(roster.asked(subscribeFrom("a@x/phone"))), (Said{"subscribed a@x"}));
  EXPECT_EQ(said(roster.asked(subscribeFrom("stranger@x"))), (Said{"unsubscribed stranger@x"}));
  EXPECT_TRUE(roster.asked(Element("presence")).empty());
  EXPECT_TRUE(roster.lists(jid("a@x/any")));
  EXPECT_FALSE(roster.lists(jid("stranger@x")));
}

TEST(Roster, asksAgainWhoRefusedOnceHeAsksUs) {
  Roster roster({jid("a@x")});
  EXPECT_EQ(said(roster.loaded(query())), (Said{"subscribe a@x"}));
  roster.changed(query().add(item("a@x", "none", "subscribe")));
  EXPECT_EQ(said(roster.asked(subscribeFrom("a@x"))), (Said{"subscribed a@x"}));  // ours is on its way
  roster.changed(query().add(item("a@x", "from")));                               // he refused
  EXPECT_EQ(said(roster.asked(subscribeFrom("a@x"))), (Said{"subscribed a@x", "subscribe a@x"}));
  EXPECT_EQ(said(roster.asked(subscribeFrom("a@x"))), (Said{"subscribed a@x"}));  // no circle
}

}  // namespace
}  // namespace beckon::xmpp
