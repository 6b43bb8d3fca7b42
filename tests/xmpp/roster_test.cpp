#include "xmpp/roster.hpp"

#include "tests/xmpp/jid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Roster::TimePoint whenLoaded{};

Element item(std::string_view who, std::string_view subscription, std::string_view ask = {}) {
  Element out("item", std::string(ns::roster));
  out.set("jid", who).set("subscription", subscription);
  if (!ask.empty()) out.set("ask", ask);
  return out;
}

Element grouped(Element item, std::string_view group) {
  return std::move(item.add(Element("group", std::string(ns::roster), std::string(group))));
}

Element query() { return Roster::request(); }
Element subscribeFrom(std::string_view who) {
  return Element("presence", std::string(ns::client)).set("from", who).set("type", "subscribe");
}

std::vector<std::string> said(const std::vector<Element>& stanzas) {
  std::vector<std::string> out;
  for (const auto& s : stanzas) {
    if (s.name == "presence") {
      out.push_back(std::string(s.attribute("type")) + " " + std::string(s.attribute("to")));
      continue;
    }
    const auto& entry = s.children.at(0);
    const auto group = entry.childText("group", ns::roster);
    out.push_back((group.empty() ? std::string(entry.attribute("subscription")) : "into " + std::string(group)) + " " +
                  std::string(entry.attribute("jid")));
  }
  return out;
}

std::vector<std::string> load(Roster& roster, const Element& query) { return said(roster.loaded(&query, whenLoaded)); }

TEST(Roster, asksEachContactThatItIsNotSubscribedTo) {
  Roster roster({jid("a@x"), jid("b@x"), jid("c@x"), jid("d@x"), jid("e@x")}, false);
  EXPECT_THAT(load(roster, query()
                               .add(item("a@x", "both"))
                               .add(item("b@x", "to"))
                               .add(item("c@x", "from"))
                               .add(item("d@x", "none", "subscribe"))),  // the request may be lost
              ElementsAre("subscribe c@x", "subscribe d@x", "into Beckon e@x", "subscribe e@x"));
  EXPECT_TRUE(roster.mayBeSubscribedTo(jid("a@x/any")));
  EXPECT_TRUE(roster.mayBeSubscribedTo(jid("b@x")));
  EXPECT_FALSE(roster.mayBeSubscribedTo(jid("c@x")));
  EXPECT_FALSE(roster.mayBeSubscribedTo(jid("e@x")));
  EXPECT_FALSE(roster.mayBeSubscribedTo(jid("stranger@x")));
}

TEST(Roster, goesOnWithoutARosterButAddsNothingToIt) {
  Roster roster({jid("a@x")}, true);
  EXPECT_THAT(said(roster.loaded(nullptr, whenLoaded)), ElementsAre("subscribe a@x"));
  EXPECT_TRUE(roster.mayBeSubscribedTo(jid("a@x")));
}

TEST(Roster, removesFromARobotsAccountWhoIsNotListedAnyMore) {
  Roster roster({jid("a@x")}, true);
  EXPECT_THAT(load(roster, query()
                               .add(item("a@x", "both"))
                               .add(item("b@x", "both"))
                               .add(grouped(item("c@x", "none"), "Friends"))
                               .add(item("not an address", "both"))),
              ElementsAre("remove b@x", "remove c@x"));
}

TEST(Roster, removesFromAPersonsAccountOnlyWhomItPutThere) {
  Roster roster({jid("a@x")}, false);
  EXPECT_THAT(load(roster, query()
                               .add(grouped(item("a@x", "both"), "Beckon"))
                               .add(grouped(item("b@x", "both"), "Beckon"))
                               .add(grouped(item("c@x", "both"), "Friends"))
                               .add(item("d@x", "both"))),
              ElementsAre("remove b@x"));
}

TEST(Roster, leavesGroupsThatItsOwnerGaveToAContact) {
  Roster roster({jid("a@x")}, false);
  EXPECT_THAT(load(roster, query().add(grouped(item("a@x", "none"), "Living room"))), ElementsAre("subscribe a@x"));
}

TEST(Roster, approvesContactsAsksThemBackAndGivesOthersNoSignOfLife) {
  Roster roster({jid("a@x")}, false);
  load(roster, query().add(item("a@x", "both")));
  // His server has forgotten our subscription, whatever ours says.
  EXPECT_THAT(said(roster.asked(subscribeFrom("a@x/phone"), whenLoaded)),
              ElementsAre("subscribed a@x", "subscribe a@x"));
  EXPECT_THAT(roster.asked(subscribeFrom("stranger@x"), whenLoaded), IsEmpty());
  EXPECT_THAT(roster.asked(Element("presence"), whenLoaded), IsEmpty());
}

TEST(Roster, putsWhoAsksIntoItsGroupBeforeItApproves) {
  Roster roster({jid("a@x")}, false);
  load(roster, query());
  roster.changed(query().add(item("a@x", "remove")), whenLoaded);  // somebody took him off again
  EXPECT_THAT(said(roster.asked(subscribeFrom("a@x"), whenLoaded + 1s)),
              ElementsAre("into Beckon a@x", "subscribed a@x"));
}

TEST(Roster, asksAContactNoMoreOftenThanEveryFiveSeconds) {
  Roster roster({jid("a@x")}, false);
  load(roster, query().add(item("a@x", "both")));
  EXPECT_THAT(said(roster.asked(subscribeFrom("a@x"), whenLoaded)), ElementsAre("subscribed a@x", "subscribe a@x"));
  EXPECT_EQ(roster.nextDeadline(), std::nullopt);
  EXPECT_THAT(said(roster.asked(subscribeFrom("a@x"), whenLoaded + 1s)), ElementsAre("subscribed a@x"));
  EXPECT_THAT(said(roster.asked(subscribeFrom("a@x"), whenLoaded + 2s)), ElementsAre("subscribed a@x"));
  EXPECT_EQ(roster.nextDeadline(), whenLoaded + 5s);
  EXPECT_THAT(roster.tick(whenLoaded + 4999ms), IsEmpty());
  EXPECT_THAT(said(roster.tick(whenLoaded + 5s)), ElementsAre("subscribe a@x"));
  EXPECT_EQ(roster.nextDeadline(), std::nullopt);
}

TEST(Roster, doesNotAskAgainWhoHasApprovedMeanwhile) {
  Roster roster({jid("a@x")}, false);
  load(roster, query());
  roster.asked(subscribeFrom("a@x"), whenLoaded + 1s);
  ASSERT_TRUE(roster.nextDeadline());
  roster.changed(query().add(item("a@x", "both")), whenLoaded + 2s);
  EXPECT_EQ(roster.nextDeadline(), std::nullopt);
}

TEST(Roster, asksOnceMoreWhenASubscriptionEnds) {
  Roster roster({jid("a@x")}, false);
  load(roster, query().add(item("a@x", "both")));
  EXPECT_THAT(said(roster.changed(query().add(item("a@x", "from")), whenLoaded)), ElementsAre("subscribe a@x"));
  EXPECT_FALSE(roster.mayBeSubscribedTo(jid("a@x")));
  // He refuses.
  EXPECT_THAT(roster.changed(query().add(item("a@x", "from", "subscribe")), whenLoaded + 1s), IsEmpty());
  EXPECT_THAT(roster.changed(query().add(item("a@x", "from")), whenLoaded + 10s), IsEmpty());
  EXPECT_EQ(roster.nextDeadline(), std::nullopt);
}

TEST(Roster, asksOnceMoreWhoRefusesAtOnce) {
  Roster roster({jid("a@x")}, false);
  load(roster, query().add(item("a@x", "from")));
  roster.changed(query().add(item("a@x", "from", "subscribe")), whenLoaded);
  EXPECT_THAT(roster.changed(query().add(item("a@x", "from")), whenLoaded + 1s), IsEmpty());
  EXPECT_THAT(said(roster.tick(whenLoaded + 5s)), ElementsAre("subscribe a@x"));
  roster.changed(query().add(item("a@x", "from", "subscribe")), whenLoaded + 5s);
  EXPECT_THAT(roster.changed(query().add(item("a@x", "from")), whenLoaded + 6s), IsEmpty());
  EXPECT_EQ(roster.nextDeadline(), std::nullopt);
}

TEST(Roster, putsAContactBackThatSomebodyTookOffTheRoster) {
  Roster roster({jid("a@x")}, false);
  load(roster, query().add(item("a@x", "both")));
  EXPECT_THAT(said(roster.changed(query().add(item("a@x", "remove")), whenLoaded)),
              ElementsAre("into Beckon a@x", "subscribe a@x"));
}

TEST(Roster, asksAgainWhoIsSeenThoughHeHasNotApproved) {
  Roster roster({jid("a@x"), jid("b@x")}, false);
  load(roster, query().add(item("a@x", "none")).add(item("b@x", "none")));
  EXPECT_THAT(roster.seen(jid("a@x/1"), whenLoaded + 6s), IsEmpty());  // nothing is pending: he has refused
  roster.changed(query().add(item("a@x", "none", "subscribe")), whenLoaded);
  EXPECT_THAT(said(roster.seen(jid("a@x/1"), whenLoaded + 6s)), ElementsAre("subscribe a@x"));
  EXPECT_THAT(roster.seen(jid("a@x/1"), whenLoaded + 7s), IsEmpty());
  EXPECT_EQ(roster.nextDeadline(), whenLoaded + 11s);
  EXPECT_THAT(roster.seen(jid("stranger@x"), whenLoaded), IsEmpty());
  roster.changed(query().add(item("a@x", "both")), whenLoaded + 8s);
  EXPECT_THAT(roster.seen(jid("a@x/1"), whenLoaded + 20s), IsEmpty());
}

TEST(Roster, renewsOnceASubscriptionThatStaysOneSided) {
  Roster roster({jid("a@x")}, false);
  EXPECT_THAT(load(roster, query().add(item("a@x", "to"))), IsEmpty());
  EXPECT_EQ(roster.nextDeadline(), whenLoaded + 5s);
  EXPECT_THAT(said(roster.tick(whenLoaded + 5s)), ElementsAre("unsubscribe a@x", "subscribe a@x"));
  EXPECT_THAT(roster.changed(query().add(item("a@x", "none")), whenLoaded + 5s), IsEmpty());
  EXPECT_THAT(roster.changed(query().add(item("a@x", "to")), whenLoaded + 6s), IsEmpty());
  EXPECT_EQ(roster.nextDeadline(), std::nullopt);
}

TEST(Roster, leavesAloneWhoSubscribesWithinThePause) {
  Roster roster({jid("a@x")}, false);
  load(roster, query().add(item("a@x", "to")));
  roster.changed(query().add(item("a@x", "both")), whenLoaded + 4s);
  EXPECT_EQ(roster.nextDeadline(), std::nullopt);
}

TEST(Roster, takesOtherContactsWhileTheStreamGoesOn) {
  Roster roster({jid("a@x"), jid("b@x")}, true);
  load(roster, query().add(item("a@x", "both")).add(item("b@x", "both")));
  EXPECT_THAT(said(roster.become({jid("b@x"), jid("c@x")}, whenLoaded)),
              ElementsAre("remove a@x", "into Beckon c@x", "subscribed c@x", "subscribe c@x"));
  EXPECT_FALSE(roster.mayBeSubscribedTo(jid("a@x")));
  EXPECT_THAT(said(roster.asked(subscribeFrom("a@x"), whenLoaded)), IsEmpty());
  EXPECT_THAT(said(roster.become({jid("b@x"), jid("c@x")}, whenLoaded)), IsEmpty());
}

}  // namespace
}  // namespace beckon::xmpp
