// What a client makes of presence and the roster.
#include "tests/xmpp/client_fixture.hpp"

#include <algorithm>

namespace beckon::xmpp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientPresence : public ClientTest {
 protected:
  static Element from(std::string_view who, std::string_view type = {}) {
    Element out("presence", std::string(ns::client));
    out.set("from", who);
    return type.empty() ? out : out.set("type", type);
  }

  static Element item(std::string_view who, std::string_view subscription, std::string_view group = {}) {
    Element out("item", std::string(ns::roster));
    out.set("jid", who).set("subscription", subscription);
    return group.empty() ? out : out.add(Element("group", std::string(ns::roster), std::string(group)));
  }

  static Element answerTo(const Element& question) {
    return iq("result", question.attribute("id"), question.attribute("to"));
  }

  std::vector<Element> sentTo(std::string_view to, std::string_view child) {
    std::vector<Element> out;
    for (const auto& stanza : server->sent)
      if (stanza.attribute("to") == to && !stanza.children.empty() && stanza.children[0].name == child)
        out.push_back(stanza);
    return out;
  }

  const Disco software{{{"device", "robot", "", "Nao"}}, {"urn:beckon:rpc:0"}, {}};
  const Caps caps{"urn:test:nao", capsHash(software)};
  const Jid owner = jid("owner@x");
};

// ---- Capabilities. ----

TEST_F(ClientPresence, verifiesWhatACapabilityHashPromises) {
  goOnline();
  server->give(from("owner@x/a").add(caps.element()));
  server->give(from("owner@x/b").add(caps.element()));
  EXPECT_FALSE(client->present().at(jid("owner@x/a")).disco);
  const auto questions = sentTo("owner@x/a", "query");
  ASSERT_EQ(questions.size(), 1u);
  EXPECT_EQ(questions[0].child("query", ns::discoInfo)->attribute("node"), "urn:test:nao#" + caps.ver);
  EXPECT_THAT(sentTo("owner@x/b", "query"), IsEmpty());
  log.clear();
  server->give(answerTo(questions[0]).add(software.query()));
  EXPECT_THAT(log, ElementsAre("there owner@x/a", "there owner@x/b"));
  for (const auto* who : {"owner@x/a", "owner@x/b"}) {
    const auto disco = client->present().at(jid(who)).disco;
    ASSERT_TRUE(disco);
    EXPECT_TRUE(disco->features.contains("urn:beckon:rpc:0"));
  }

  server->give(from("owner@x/c").add(caps.element()));  // known by now
  EXPECT_TRUE(client->present().at(jid("owner@x/c")).disco);
  EXPECT_THAT(sentTo("owner@x/c", "query"), IsEmpty());
}

TEST_F(ClientPresence, doesNotBelieveADescriptionThatHashesToSomethingElse) {
  goOnline();
  server->give(from("owner@x/a").add(caps.element()));
  auto other = software;
  other.features.insert("urn:something:better");
  log.clear();
  server->give(answerTo(sentTo("owner@x/a", "query").at(0)).add(other.query()));
  EXPECT_THAT(log, IsEmpty());
  EXPECT_FALSE(client->present().at(jid("owner@x/a")).disco);
}

TEST_F(ClientPresence, asksAgainForCapabilitiesAtTheNextPresenceAfterAnError) {
  goOnline();
  server->give(from("owner@x/a").add(caps.element()));
  const auto question = sentTo("owner@x/a", "query").at(0);
  server->give(iq("error", question.attribute("id"), "owner@x/a").add(serviceUnavailable.element()));
  EXPECT_EQ(sentTo("owner@x/a", "query").size(), 1u);
  server->give(from("owner@x/a").add(caps.element()));
  ASSERT_EQ(sentTo("owner@x/a", "query").size(), 2u);
  server->give(answerTo(sentTo("owner@x/a", "query")[1]).add(software.query()));
  EXPECT_TRUE(client->present().at(jid("owner@x/a")).disco);
}

TEST_F(ClientPresence, forgetsOpenQuestionsWithTheirStream) {
  goOnline();
  server->give(from("owner@x/a").add(caps.element()));
  server->give(from("owner@x/b").add(caps.element()));
  server->close(run::Code::connectionLost, "cut");
  ASSERT_TRUE(runUntil(io, [this] { return server->started == 2; }));
  server->sent.clear();
  server->online(jid("robot@x/gw"));
  ASSERT_TRUE(runUntil(io, [this] { return client->online(); }));
  server->give(from("owner@x/b").add(caps.element()));
  EXPECT_EQ(sentTo("owner@x/b", "query").size(), 1u);
}

TEST_F(ClientPresence, tellsSinceWhenAContactIsThere) {
  goOnline();
  server->give(
      from("owner@x/a")
          .add(Element("delay", std::string(ns::delay)).set("from", "x").set("stamp", "2026-01-02T03:04:05Z")));
  EXPECT_EQ(client->present().at(jid("owner@x/a")).since,
            std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 3h + 4min + 5s);
}

// ---- Whether it is complete. ----

TEST_F(ClientPresence, isSettledOnceThePingBehindItsPresenceIsAnswered) {
  rosterOfTheServer.add(item("owner@x", "both"));
  goOnline();
  const auto pings = sentTo("owner@x", "ping");
  ASSERT_EQ(pings.size(), 1u);
  const auto position = [this](auto which) { return std::ranges::find_if(server->sent, which) - server->sent.begin(); };
  EXPECT_EQ(position([](const Element& s) { return s.child("ping", ns::ping) != nullptr; }),
            position([](const Element& s) { return s.name == "presence"; }) + 1);
  EXPECT_FALSE(client->settled(owner));
  const auto before = std::chrono::steady_clock::now();
  server->give(iq("error", pings[0].attribute("id"), "owner@x").add(serviceUnavailable.element()));
  EXPECT_FALSE(client->settled(owner));
  ASSERT_TRUE(runUntil(io, [this] { return client->settled(owner); }));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 250ms);
  EXPECT_THAT(log, ElementsAre("settled owner@x"));
}

TEST_F(ClientPresence, isSettledByPresenceOfAnyKind) {
  for (const auto* type : {"", "unavailable", "unsubscribed"}) {
    server->started = 0;
    rosterOfTheServer = Roster::request().add(item("owner@x", "both"));
    goOnline();
    server->give(from("owner@x", type));
    EXPECT_TRUE(client->settled(jid("owner@x/any"))) << type;
    EXPECT_THAT(log, testing::Contains("settled owner@x"));
    client.reset();
  }
}

TEST_F(ClientPresence, isNotSettledAboutWhomItHasOnlyAskedUntilHeAnswers) {
  goOnline();
  io.poll();
  EXPECT_THAT(sentTo("owner@x", "ping"), IsEmpty());
  server->give(from("owner@x", "unavailable"));  // Prosody, as soon as it has the request
  EXPECT_FALSE(client->settled(owner));
  // He approves: now his presence is due, and what is behind it is asked for.
  server->give(iq("set", "1", "robot@x").add(Roster::request().add(item("owner@x", "to"))));
  ASSERT_EQ(sentTo("owner@x", "ping").size(), 1u);
  EXPECT_FALSE(client->settled(owner));
  server->give(iq("set", "2", "robot@x").add(Roster::request().add(item("owner@x", "both"))));
  EXPECT_EQ(sentTo("owner@x", "ping").size(), 1u);
  server->give(iq("result", sentTo("owner@x", "ping")[0].attribute("id"), "owner@x"));
  EXPECT_TRUE(runUntil(io, [this] { return client->settled(owner); }));
}

TEST_F(ClientPresence, isSettledWhenItIsRefusedOrHisServerIsNotThere) {
  config.contacts.insert(jid("other@x"));
  goOnline();
  server->give(from("owner@x", "unsubscribed"));
  EXPECT_TRUE(client->settled(owner));
  server->give(from("other@x", "error"));
  EXPECT_TRUE(client->settled(jid("other@x")));
}

TEST_F(ClientPresence, isNotSettledAboutStrangersNorAfterTheStream) {
  goOnline();
  server->give(from("stranger@y/1"));
  EXPECT_FALSE(client->settled(jid("stranger@y")));
  server->give(from("robot@x/other"));  // our own account's other resource, which is no contact
  EXPECT_FALSE(client->settled(jid("robot@x")));
  server->give(from("owner@x", "unsubscribed"));
  EXPECT_TRUE(client->settled(owner));
  server->close(run::Code::connectionLost, "cut");
  EXPECT_FALSE(client->settled(owner));
}

TEST_F(ClientPresence, tellsThatItIsOnlineBeforeItTellsThatItIsSettled) {
  start();
  server->online(jid("robot@x/gw"));
  ASSERT_TRUE(runUntil(io, [this] { return client->online(); }));
  server->give(from("owner@x", "unsubscribed"));
  EXPECT_THAT(log, ElementsAre("online robot@x/gw", "settled owner@x"));
}

// ---- The roster. ----

std::vector<std::string> changesIn(const std::vector<Element>& sent) {
  std::vector<std::string> out;
  for (const auto& stanza : sent) {
    const auto* query = stanza.child("query", ns::roster);
    if (!query || stanza.attribute("type") != "set") continue;
    for (const auto& entry : query->children)
      out.push_back(std::string(entry.attribute("subscription")) + std::string(entry.childText("group", ns::roster)) +
                    " " + std::string(entry.attribute("jid")));
  }
  return out;
}

TEST_F(ClientPresence, aRobotRemovesWhomItDoesNotList) {
  config.ownsRoster = true;
  rosterOfTheServer.add(item("old@x", "both")).add(item("friend@x", "both", "Friends"));
  goOnline();
  EXPECT_THAT(changesIn(server->sent), ElementsAre("remove old@x", "remove friend@x", "Beckon owner@x"));
}

TEST_F(ClientPresence, aPersonsClientRemovesOnlyWhatItAdded) {
  rosterOfTheServer.add(item("old@x", "both", "Beckon")).add(item("friend@x", "both", "Friends"));
  goOnline();
  EXPECT_THAT(changesIn(server->sent), ElementsAre("remove old@x", "Beckon owner@x"));
}

}  // namespace
}  // namespace beckon::xmpp
