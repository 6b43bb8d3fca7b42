#include "tests/xmpp/client_fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

TEST_F(ClientTest, announcesItselfWithCapabilitiesAndPayload) {
  config.features = {"urn:beckon:rpc:0"};
  goOnline();
  const auto presence = server->sent.at(1);
  EXPECT_EQ(presence.name, "presence");
  ASSERT_TRUE(presence.child("robot", "urn:beckon:robot:0"));
  const auto caps = Caps::read(presence);
  ASSERT_TRUE(caps);
  EXPECT_EQ(caps->node, "urn:test");

  // The hash is that of what it answers when asked.
  server->give(iq("get", "1", "owner@x/phone")
                   .add(Element("query", std::string(ns::discoInfo)).set("node", "urn:test#" + caps->ver)));
  const auto answer = sent("iq");
  EXPECT_EQ(answer.attribute("to"), "owner@x/phone");
  EXPECT_EQ(answer.attribute("id"), "1");
  const auto* query = answer.child("query", ns::discoInfo);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->attribute("node"), "urn:test#" + caps->ver);
  const auto disco = Disco::read(*query).value();
  EXPECT_EQ(capsHash(disco), caps->ver);
  EXPECT_TRUE(disco.features.contains("urn:beckon:rpc:0"));
  EXPECT_TRUE(disco.features.contains("urn:xmpp:ping"));
}

TEST_F(ClientTest, answersPingVersionAndAnUnknownNode) {
  goOnline();
  server->give(iq("get", "1", "x").add(Element("ping", std::string(ns::ping))));
  EXPECT_EQ(sent("iq").attribute("type"), "result");
  server->give(iq("get", "2", "owner@x/phone").add(Element("query", std::string(ns::version))));
  EXPECT_EQ(sent("iq").child("query", ns::version)->childText("name", ns::version), "beckond");
  server->give(iq("get", "3", "owner@x/phone").add(Element("query", std::string(ns::discoInfo)).set("node", "other")));
  EXPECT_EQ(conditionOf(sent("iq")), "item-not-found");
}

TEST_F(ClientTest, tellsAStrangerNoMoreThanAnAccountThatDoesNotExist) {
  goOnline();
  for (const auto& payload : {Element("ping", std::string(ns::ping)), Element("query", std::string(ns::discoInfo)),
                              Element("query", std::string(ns::version)), Element("unknown", "urn:unknown")}) {
    server->give(iq("get", "1", "stranger@y/1").add(payload));
    EXPECT_EQ(conditionOf(sent("iq")), "service-unavailable");
    EXPECT_EQ(sent("iq").child("error", ns::client)->attribute("type"), "cancel");
  }
}

TEST_F(ClientTest, answersAnUnknownRequestWithTheStandardError) {
  goOnline();
  server->give(iq("set", "7", "owner@x/phone").add(Element("unknown", "urn:unknown")));
  EXPECT_EQ(sent("iq").attribute("type"), "error");
  EXPECT_EQ(sent("iq").attribute("id"), "7");
  EXPECT_EQ(conditionOf(sent("iq")), "service-unavailable");
  server->give(iq("get", "8", "owner@x/phone"));  // no payload
  EXPECT_EQ(conditionOf(sent("iq")), "bad-request");
  server->give(iq("get", "9", "owner@x/phone").add(Element("a", "urn:a")).add(Element("b", "urn:b")));
  EXPECT_EQ(conditionOf(sent("iq")), "bad-request");
}

TEST_F(ClientTest, aHandlerMayAnswerLater) {
  std::vector<std::pair<Jid, IqReply>> kept;
  goOnline().handle("get", "call", "urn:rpc", [&](IqRequest request, IqReply reply) {
    EXPECT_EQ(request.payload.text, "hello");
    kept.emplace_back(request.from, reply);
  });
  server->give(iq("get", "1", "owner@x/phone").add(Element("call", "urn:rpc", "hello")));
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].first, jid("owner@x/phone"));
  EXPECT_NE(sent("iq").attribute("id"), "1");
  EXPECT_TRUE(kept[0].second.open());
  kept[0].second.result(Element("result", "urn:rpc", "there"));
  EXPECT_EQ(sent("iq").childText("result", "urn:rpc"), "there");
  EXPECT_FALSE(kept[0].second.open());
  const auto count = server->sent.size();
  kept[0].second.result();  // too late
  kept.clear();
  EXPECT_EQ(server->sent.size(), count);
}

TEST_F(ClientTest, aForgottenAnswerIsAnError) {
  goOnline().handle("get", "call", "urn:rpc", [](const IqRequest&, const IqReply&) {});
  server->give(iq("get", "1", "owner@x/phone").add(Element("call", "urn:rpc")));
  EXPECT_EQ(conditionOf(sent("iq")), "internal-server-error");
}

TEST_F(ClientTest, anAnswerTooLargeForTheServerBecomesAnError) {
  server->largestStanza = 2000;
  goOnline().handle("get", "call", "urn:rpc", [](const IqRequest&, const IqReply& reply) {
    reply.result(Element("result", "urn:rpc", std::string(3000, 'x')));
  });
  server->give(iq("get", "1", "owner@x/phone").add(Element("call", "urn:rpc")));
  EXPECT_EQ(StanzaError::read(sent("iq")).toError().code, run::Code::tooLarge);
}

TEST_F(ClientTest, anAnswerForAStreamThatHasEndedIsDropped) {
  std::optional<IqReply> kept;
  goOnline().handle("get", "call", "urn:rpc", [&](const IqRequest&, const IqReply& reply) { kept = reply; });
  server->give(iq("get", "1", "owner@x/phone").add(Element("call", "urn:rpc")));
  server->close(run::Code::connectionLost, "cut");
  EXPECT_FALSE(kept->open());
  ASSERT_TRUE(runUntil(io, [this] { return server->started == 2; }));
  server->online(jid("robot@x/gw"));
  EXPECT_FALSE(kept->open());
  const auto count = server->sent.size();
  kept->result();
  EXPECT_EQ(server->sent.size(), count);
}

TEST_F(ClientTest, aRequestGetsTheAnswerOfWhomItAsked) {
  goOnline();
  std::optional<run::Result<Element>> answer;
  client->get(jid("owner@x/phone"), Element("call", "urn:rpc"), 5s,
              [&](run::Result<Element> a) { answer = std::move(a); });
  const auto id = std::string(sent("iq").attribute("id"));
  EXPECT_EQ(sent("iq").attribute("to"), "owner@x/phone");
  server->give(iq("result", id, "stranger@y/1").add(Element("result", "urn:rpc", "forged")));
  server->give(iq("result", id, "owner@x/other").add(Element("result", "urn:rpc", "forged")));
  server->give(iq("result", "other", "owner@x/phone").add(Element("result", "urn:rpc", "forged")));
  EXPECT_FALSE(answer);
  server->give(iq("result", id, "owner@x/phone").add(Element("result", "urn:rpc", "true")));
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)->childText("result", "urn:rpc"), "true");
}

TEST_F(ClientTest, aRequestFailsWithTheErrorOfTheOtherSide) {
  goOnline();
  std::optional<run::Error> error;
  client->set(jid("owner@x/phone"), Element("call", "urn:rpc"), 5s, [&](run::Result<Element> a) { error = a.error(); });
  const std::string id(sent("iq").attribute("id"));
  server->give(iq("error", id, "owner@x/phone")
                   .add(StanzaError::from({run::Code::unknownService, "no ALFly", "look"}).element()));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, run::Code::unknownService);
  EXPECT_EQ(error->cause, "no ALFly");
  EXPECT_EQ(error->nextStep, "look");
}

TEST_F(ClientTest, aRequestFailsAtItsDeadline) {
  goOnline();
  std::optional<run::Error> error;
  client->get(jid("owner@x/phone"), Element("call", "urn:rpc"), 20ms,
              [&](run::Result<Element> a) { error = a.error(); });
  ASSERT_TRUE(runUntil(
      io, [&] { return error.has_value(); }, 2s));
  EXPECT_EQ(error->code, run::Code::timedOut);
  EXPECT_NE(error->cause.find("owner@x/phone"), std::string::npos);
  server->give(iq("result", sent("iq").attribute("id"), "owner@x/phone"));  // too late, and nobody minds
}

TEST_F(ClientTest, requestsInFlightFailAsSoonAsTheStreamEnds) {
  goOnline();
  std::vector<run::Code> codes;
  for (int i = 0; i < 3; ++i)
    client->get(jid("owner@x/phone"), Element("call", "urn:rpc"), 60s,
                [&](run::Result<Element> a) { codes.push_back(a.error().code); });
  server->close(run::Code::connectionLost, "cut");
  EXPECT_THAT(codes,
              testing::ElementsAre(run::Code::connectionLost, run::Code::connectionLost, run::Code::connectionLost));
}

TEST_F(ClientTest, aRequestWhileOfflineFailsButNotFromInsideTheCall) {
  start();
  std::optional<run::Error> error;
  client->get(jid("owner@x/phone"), Element("call", "urn:rpc"), 60s,
              [&](run::Result<Element> a) { error = a.error(); });
  client->stop();
  EXPECT_EQ(error->code, run::Code::connectionLost);

  error.reset();
  client->get(jid("owner@x/phone"), Element("call", "urn:rpc"), 60s,
              [&](run::Result<Element> a) { error = a.error(); });
  EXPECT_FALSE(error);
  ASSERT_TRUE(runUntil(io, [&] { return error.has_value(); }));
  EXPECT_EQ(error->code, run::Code::connectionLost);
}

TEST_F(ClientTest, aCoroutineAwaitsTheAnswer) {
  goOnline();
  std::optional<run::Result<Element>> answer;
  boost::asio::co_spawn(
      io,
      [](Client& asker, std::optional<run::Result<Element>>& out) -> boost::asio::awaitable<void> {
        out = co_await asker.get(jid("owner@x/phone"), Element("call", "urn:rpc"), 5s);
      }(*client, answer),
      boost::asio::detached);
  ASSERT_TRUE(runUntil(io, [&] { return sent("iq").child("call", "urn:rpc") != nullptr; }));
  server->give(iq("result", sent("iq").attribute("id"), "owner@x/phone").add(Element("result", "urn:rpc", "42")));
  ASSERT_TRUE(runUntil(io, [&] { return answer.has_value(); }));
  EXPECT_EQ((*answer)->childText("result", "urn:rpc"), "42");
}

TEST_F(ClientTest, approvesItsContactsAndGivesOthersNoSignOfLife) {
  goOnline();
  EXPECT_EQ(sent("presence").attribute("type"), "subscribe");
  EXPECT_EQ(sent("presence").attribute("to"), "owner@x");
  server->give(Element("presence", std::string(ns::client)).set("type", "subscribe").set("from", "stranger@y"));
  EXPECT_EQ(sent("presence").attribute("to"), "owner@x");
  server->give(Element("presence", std::string(ns::client)).set("type", "subscribe").set("from", "owner@x"));
  EXPECT_EQ(sent("presence").attribute("type"), "subscribed");
  EXPECT_EQ(sent("presence").attribute("to"), "owner@x");
}

TEST_F(ClientTest, takesChangesOfTheRosterFromItsOwnAccountOnly) {
  goOnline();
  const auto change =
      Element("query", std::string(ns::roster)).add(Element("item").set("jid", "owner@x").set("subscription", "none"));
  server->give(iq("set", "1", "owner@x/phone").add(change));
  EXPECT_EQ(conditionOf(sent("iq")), "service-unavailable");
  server->give(iq("set", "2", "robot@x").add(change));
  EXPECT_EQ(sent("iq").attribute("type"), "result");
}

TEST_F(ClientTest, knowsWhoOfItsContactsIsThere) {
  goOnline();
  const auto from = [](std::string_view who) { return Element("presence", std::string(ns::client)).set("from", who); };
  server->give(from("owner@x/a").add(Caps{"urn:n", "v"}.element()));
  server->give(from("owner@x/b"));
  server->give(from("stranger@y/1").add(Element("robot", "urn:beckon:robot:0")));  // directed, and ignored
  server->give(from("robot@x/gw"));                                                // our own
  ASSERT_EQ(client->present().size(), 2u);
  EXPECT_EQ(client->present().at(jid("owner@x/a")).caps->node, "urn:n");
  server->give(from("owner@x/a").set("type", "unavailable"));
  EXPECT_THAT(log, testing::ElementsAre("there owner@x/a", "settled owner@x", "there owner@x/b", "gone owner@x/a"));
  server->give(from("owner@x/c"));
  server->give(from("owner@x").set("type", "unavailable"));  // the server, for the whole account
  EXPECT_TRUE(client->present().empty());
}

TEST_F(ClientTest, everybodyIsGoneWhenTheStreamEnds) {
  goOnline();
  server->give(Element("presence", std::string(ns::client)).set("from", "owner@x/a"));
  server->close(run::Code::connectionLost, "cut");
  EXPECT_THAT(log,
              testing::ElementsAre("there owner@x/a", "settled owner@x", "gone owner@x/a", "offline connection-lost"));
  EXPECT_FALSE(client->online());
}

TEST_F(ClientTest, comesBackAfterTheStreamEnds) {
  goOnline();
  server->close(run::Code::connectionLost, "cut");
  for (int i = 2; i < 6; ++i) {
    ASSERT_TRUE(runUntil(io, [&] { return server->started == i; }));
    server->close(run::Code::unreachable, "still down");
  }
  ASSERT_TRUE(runUntil(io, [&] { return server->started == 6; }));
  server->online(jid("robot@x/gw"));
  ASSERT_TRUE(runUntil(io, [this] { return client->online(); }));
}

TEST_F(ClientTest, pingsASilentServerAndComesBackWhereItStaysSilent) {
  config.longestSilence = 20ms;
  config.pingDeadline = 20ms;
  goOnline();
  ASSERT_TRUE(runUntil(io, [this] { return server->started == 2; }));
  ASSERT_TRUE(sent("iq").child("ping", ns::ping));
  EXPECT_EQ(sent("iq").attribute("to"), "");
  EXPECT_THAT(log, testing::ElementsAre("offline timed-out"));
}

TEST_F(ClientTest, staysOnAStreamWhoseServerAnswersItsPings) {
  config.longestSilence = 10ms;
  config.pingDeadline = 200ms;
  const auto roster = server->answer;
  int pings = 0;
  server->answer = [this, roster, &pings](const Element& stanza) {
    roster(stanza);
    if (!stanza.child("ping", ns::ping)) return;
    ++pings;
    server->give(iq("result", stanza.attribute("id"), ""));
  };
  goOnline();
  ASSERT_TRUE(runUntil(io, [&] { return pings == 5; }));
  EXPECT_EQ(server->started, 1);
}

TEST_F(ClientTest, replacesAStreamThatNeitherComesOnlineNorCloses) {
  config.longestAttempt = 20ms;
  start();
  ASSERT_TRUE(runUntil(io, [this] { return server->started == 3; }));
  EXPECT_THAT(log, testing::ElementsAre("offline timed-out", "offline timed-out"));
}

TEST_F(ClientTest, triesAgainWhereTheComputerRefusesAStream) {
  int attempts = 0;
  client.emplace(
      io.get_executor(),
      [&]() -> std::unique_ptr<Stream> {
        if (++attempts == 1) throw std::system_error(EMFILE, std::generic_category(), "socket");
        return std::make_unique<test::MemoryStream>(server);
      },
      config, run::silentLog());
  std::vector<run::Code> codes;
  client->start({nullptr, [&](const run::Error& why, auto) { codes.push_back(why.code); }, nullptr, nullptr, nullptr});
  EXPECT_TRUE(codes.empty());  // not from inside the call
  ASSERT_TRUE(runUntil(io, [this] { return server->started == 1; }));
  EXPECT_THAT(codes, testing::ElementsAre(run::Code::overloaded));
}

TEST_F(ClientTest, mayBeStoppedWhereTheComputerRefusesAStream) {
  client.emplace(
      io.get_executor(),
      []() -> std::unique_ptr<Stream> { throw std::system_error(EMFILE, std::generic_category(), "socket"); }, config,
      run::silentLog());
  client->start({});
  client.reset();
  io.run();
}

TEST_F(ClientTest, isSilentOnceStopped) {
  goOnline();
  server->give(Element("presence", std::string(ns::client)).set("from", "owner@x/a"));
  log.clear();
  client->stop();
  EXPECT_EQ(sent("presence").attribute("type"), "unavailable");
  EXPECT_FALSE(server->events.stanza);
  EXPECT_FALSE(client->online());
  io.restart();
  io.run_for(50ms);
  EXPECT_EQ(server->started, 1);
  EXPECT_TRUE(log.empty());
}

TEST_F(ClientTest, mayBeStoppedByItsOwnEvents) {
  client.emplace(
      io.get_executor(), [this] { return std::make_unique<test::MemoryStream>(server); }, config, run::silentLog());
  client->start({nullptr, [this](const run::Error&, std::chrono::milliseconds) { client.reset(); }, nullptr, nullptr});
  server->close(run::Code::unreachable, "down");
  EXPECT_FALSE(client);
  io.run_for(50ms);
  EXPECT_EQ(server->started, 1);
}

}  // namespace
}  // namespace beckon::xmpp
