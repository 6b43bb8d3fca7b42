#include "xmpp/component.hpp"

#include "tests/support/memory_stream.hpp"
#include "tests/xmpp/bad_network.hpp"
#include "tests/xmpp/component_fixture.hpp"
#include "tests/xmpp/prosody_account.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <optional>
#include <vector>

namespace beckon::xmpp {
namespace {

const Jid serverJid = *Jid::parse("robots.test"), askerJid = *Jid::parse("a@b/c");

Component::Config quick() {
  Component::Config config;
  config.domain = relay;
  config.server = serverJid;
  config.identity = {"component", "presence", "", "Relay"};
  config.features = {"urn:test"};
  config.firstRetry = 1ms;
  config.longestRetry = 20ms;
  return config;
}

// ---- Without a network. ----

class ComponentTest : public testing::Test {
 protected:
  ComponentTest() { memory->executor = io.get_executor(); }

  void start(Component::Config config) {
    config.streams = [this] { return std::make_unique<test::MemoryStream>(memory); };
    component.emplace(io.get_executor(), config, run::silentLog());
    component->start(
        {[this] { log.emplace_back("online"); },
         [this](const run::Error& why, std::chrono::milliseconds) {
           log.push_back("offline " + std::string(run::codeText(why.code)));
         },
         [this](const Element& stanza) { log.push_back("presence " + std::string(stanza.attribute("from"))); },
         [this](const Element& stanza) { log.push_back("message " + std::string(stanza.attribute("from"))); }});
  }

  void goOnline() {
    start(quick());
    memory->online(relay);
    ASSERT_TRUE(component->online());
    log.clear();
  }

  static Element request(std::string_view type, std::string_view to, Element payload) {
    return iqStanza(type, "1", to).set("from", askerJid.text()).add(std::move(payload));
  }

  // What the component answers.
  Element answer(Element iq) {
    memory->sent.clear();
    memory->give(std::move(iq));
    return memory->sent.size() == 1 ? memory->sent[0] : Element("none");
  }

  boost::asio::io_context io;
  std::shared_ptr<test::MemoryServer> memory = std::make_shared<test::MemoryServer>();
  std::optional<Component> component;
  std::vector<std::string> log;
};

TEST_F(ComponentTest, saysWhatItIsAndThatItIsThereToAnybodyWhoAsksTheDomain) {
  goOnline();
  const Element query("query", std::string(ns::discoInfo)), ping("ping", std::string(ns::ping));
  const auto about = answer(request("get", relay.text(), query));
  EXPECT_EQ(about.attribute("type"), "result");
  EXPECT_EQ(about.attribute("from"), relay.text());
  EXPECT_EQ(about.attribute("to"), askerJid.text());
  const auto disco = Disco::read(*about.child("query", ns::discoInfo));
  ASSERT_TRUE(disco);
  EXPECT_EQ(disco->identities.at(0).name, "Relay");
  EXPECT_EQ(disco->features, (std::set<std::string>{"urn:test", std::string(ns::discoInfo), std::string(ns::ping)}));
  EXPECT_EQ(answer(request("get", relay.text(), ping)).attribute("type"), "result");

  auto node = query;
  EXPECT_EQ(StanzaError::read(answer(request("get", relay.text(), node.set("node", "x")))).condition, "item-not-found");
  EXPECT_EQ(StanzaError::read(answer(request("get", "robot@" + relay.text(), ping))).condition, "service-unavailable");
  EXPECT_EQ(StanzaError::read(answer(request("set", relay.text(), ping))).condition, "service-unavailable");
}

TEST_F(ComponentTest, answersFromTheAddressThatWasAsked) {
  goOnline();
  std::optional<IqReply> kept;
  component->handle("set", "call", "urn:x", [&](const IqRequest& request, const IqReply& reply) {
    EXPECT_EQ(request.from, askerJid);
    EXPECT_EQ(request.to.text(), "robot@" + relay.text() + "/gw");
    kept = reply;
  });
  EXPECT_EQ(answer(request("set", "robot@" + relay.text() + "/gw", Element("call", "urn:x"))).name, "none");
  kept->result(Element("done", "urn:x"));
  ASSERT_EQ(memory->sent.size(), 1u);
  EXPECT_EQ(memory->sent[0].attribute("from"), "robot@" + relay.text() + "/gw");
  EXPECT_TRUE(memory->sent[0].child("done", "urn:x"));
}

TEST_F(ComponentTest, doesNotAnswerWhatIsForSomebodyElse) {
  goOnline();
  for (const std::string to : {"", "elsewhere.test", "@"})
    EXPECT_EQ(answer(request("get", to, Element("ping", std::string(ns::ping)))).name, "none");
  auto nameless = request("get", relay.text(), Element("ping", std::string(ns::ping)));
  EXPECT_EQ(answer(nameless.set("from", "")).name, "none");
}

TEST_F(ComponentTest, passesOnPresenceAndMessages) {
  goOnline();
  memory->give(Element("presence", std::string(ns::client)).set("from", "a@b"));
  memory->give(Element("message", std::string(ns::client)).set("from", "c@d"));
  EXPECT_THAT(log, testing::ElementsAre("presence a@b", "message c@d"));
}

TEST_F(ComponentTest, sendsFromItsOwnAddressesOnly) {
  goOnline();
  const auto message = Element("message", std::string(ns::client)).set("to", "a@b");
  auto named = message, foreign = message, nowhere = message;
  ASSERT_TRUE(component->send(message));
  EXPECT_EQ(memory->sent.back().attribute("from"), relay.text());
  ASSERT_TRUE(component->send(named.set("from", "robot@" + relay.text())));
  EXPECT_EQ(memory->sent.back().attribute("from"), "robot@" + relay.text());
  memory->sent.clear();
  EXPECT_EQ(component->send(foreign.set("from", "owner@robots.test")).error().code, run::Code::invalidArgument);
  EXPECT_EQ(component->send(foreign.set("from", "@")).error().code, run::Code::invalidArgument);
  EXPECT_EQ(component->send(nowhere.set("to", "")).error().code, run::Code::invalidArgument);
  std::optional<run::Error> error;
  component->get({}, Element("ping", std::string(ns::ping)), 1s,
                 [&](const run::Result<Element>& a) { error = a ? run::Error{} : a.error(); });
  EXPECT_FALSE(error);  // not from inside the call
  EXPECT_TRUE(runUntil(io, [&] { return error.has_value(); }));
  EXPECT_EQ(error->code, run::Code::invalidArgument);
  EXPECT_TRUE(memory->sent.empty());
}

TEST_F(ComponentTest, takesAnAnswerFromWhomItAskedOnly) {
  goOnline();
  std::vector<bool> answers;
  component->set(
      askerJid, Element("call", "urn:x"), 5s, [&](const run::Result<Element>& a) { answers.push_back(a.has_value()); },
      *Jid::parse("robot@" + relay.text()));
  const auto asked = memory->sent.back();
  EXPECT_EQ(asked.attribute("from"), "robot@" + relay.text());
  auto reply = iqStanza("result", asked.attribute("id"), asked.attribute("from"));
  memory->give(Element(reply).set("from", "mallory@x"));
  memory->give(Element(reply).set("from", "a@b"));
  EXPECT_TRUE(answers.empty());
  memory->give(reply.set("from", askerJid.text()));
  memory->give(reply);
  EXPECT_EQ(answers, std::vector<bool>{true});
}

TEST_F(ComponentTest, failsWhatIsInFlightWhenTheStreamEndsAndComesBack) {
  goOnline();
  std::vector<run::Code> codes;
  const auto keep = [&](const run::Result<Element>& a) { codes.push_back(a ? run::Code::internal : a.error().code); };
  component->get(askerJid, Element("x", "urn:x"), 60s, keep);
  memory->close(run::Code::connectionLost, "cut");
  EXPECT_EQ(codes, std::vector{run::Code::connectionLost});
  component->get(askerJid, Element("x", "urn:x"), 60s, keep);
  ASSERT_TRUE(runUntil(io, [&] { return memory->started == 2 && codes.size() == 2; }));
  EXPECT_EQ(codes[1], run::Code::connectionLost);
  memory->online(relay);
  EXPECT_THAT(log, testing::ElementsAre("offline connection-lost", "online"));
  component->get(askerJid, Element("x", "urn:x"), 60s, keep);
  component->stop();
  EXPECT_EQ(codes.size(), 3u);
  EXPECT_EQ(log.size(), 2u);
  EXPECT_FALSE(component->online());
}

TEST_F(ComponentTest, givesUpAServerThatGivesNoSignOfLife) {
  auto config = quick();
  config.longestSilence = 20ms;
  config.pingDeadline = 20ms;
  start(config);
  memory->online(relay);
  ASSERT_TRUE(runUntil(io, [&] { return memory->started == 2; }));
  ASSERT_EQ(memory->sent.size(), 1u);
  EXPECT_EQ(memory->sent[0].attribute("to"), serverJid.text());
  EXPECT_EQ(memory->sent[0].attribute("from"), relay.text());
  EXPECT_TRUE(memory->sent[0].child("ping", ns::ping));
  EXPECT_EQ(log.back(), "offline timed-out");
}

TEST_F(ComponentTest, keepsAServerThatIsSilentButAnswers) {
  auto config = quick();
  config.longestSilence = 20ms;
  memory->answer = [this](const Element& asked) {
    memory->give(iqStanza("result", asked.attribute("id"), relay.text()).set("from", serverJid.text()));
  };
  start(config);
  memory->online(relay);
  EXPECT_TRUE(runUntil(io, [&] { return memory->sent.size() >= 5; }));
  EXPECT_EQ(memory->started, 1);
}

TEST_F(ComponentTest, givesUpAStreamThatNeverComesOnline) {
  auto config = quick();
  config.longestAttempt = 20ms;
  start(config);
  EXPECT_TRUE(runUntil(io, [&] { return memory->started >= 3; }));
}

TEST_F(ComponentTest, mayBeStoppedByItsOwnEvents) {
  auto config = quick();
  config.streams = [this] { return std::make_unique<test::MemoryStream>(memory); };
  component.emplace(io.get_executor(), config, run::silentLog());
  component->start({[this] { component->stop(); }, nullptr, nullptr, nullptr});
  memory->online(relay);
  EXPECT_FALSE(component->online());
  component.reset();
  io.restart();
  io.run();  // nothing of it is left
}

// ---- On a server. ----

// The relay as a component of a real server, or of what stands in front of it.
struct Relay {
  Relay(boost::asio::io_context& io, unsigned short port, Component::Config config = quick(),
        const std::string& secret = "hush") {
    config.streams = [this, &io, port, secret] {
      ++attempts;
      auto how = componentAt(port);
      how.secret = secret;
      return makeComponentStream(io.get_executor(), how, run::silentLog());
    };
    component.emplace(io.get_executor(), config, run::silentLog());
    component->start({nullptr, [this](const run::Error& why, std::chrono::milliseconds) { errors.push_back(why); },
                      [this](const Element& presence) { presences.push_back(presence); },
                      [this](const Element& message) { messages.push_back(message); }});
  }

  std::optional<Component> component;
  std::vector<run::Error> errors;
  std::vector<Element> presences, messages;
  int attempts = 0;
};

class ComponentOnProsody : public testing::Test {
 protected:
  boost::asio::io_context io;
  Prosody prosody{{{"owner", "secret"}}, withRelay()};
  const Jid robot = *Jid::parse("robot@" + relay.text() + "/gw");
};

TEST_F(ComponentOnProsody, aRequestGoesThereAndBackInBothDirections) {
  Relay cloud(io, prosody.componentPort());
  Account owner(io, prosody, "owner", {relay});
  owner.start();
  const std::string text = R"({"say": "<hello> & 'good bye' ü"})";
  std::optional<Jid> from;
  cloud.component->handle("set", "call", "urn:beckon:rpc:0", [&](const IqRequest& request, const IqReply& reply) {
    from = request.from;
    EXPECT_EQ(request.to, robot);
    reply.result(Element("result", "urn:beckon:rpc:0", request.payload.text + "!"));
  });
  owner.client->handle("get", "call", "urn:beckon:rpc:0", [&](const IqRequest& request, const IqReply& reply) {
    EXPECT_EQ(request.from, relay);
    reply.result(Element("result", "urn:beckon:rpc:0", request.payload.text + "?"));
  });
  ASSERT_TRUE(runUntil(io, [&] { return cloud.component->online() && owner.client->online(); })) << prosody.log();

  std::optional<run::Result<Element>> answer;
  owner.client->set(robot, Element("call", "urn:beckon:rpc:0", text), 5s,
                    [&](run::Result<Element> a) { answer = std::move(a); });
  ASSERT_TRUE(runUntil(io, [&] { return answer.has_value(); }));
  ASSERT_TRUE(*answer) << answer->error().cause;
  EXPECT_EQ((*answer)->childText("result", "urn:beckon:rpc:0"), text + "!");
  EXPECT_EQ(*from, *owner.self.withResource("test"));

  answer.reset();
  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        Element call("call", "urn:beckon:rpc:0", text);
        answer = co_await cloud.component->get(*from, call, 5s);
      },
      boost::asio::detached);
  ASSERT_TRUE(runUntil(io, [&] { return answer.has_value(); }));
  ASSERT_TRUE(*answer) << answer->error().cause;
  EXPECT_EQ((*answer)->childText("result", "urn:beckon:rpc:0"), text + "?");
}

TEST_F(ComponentOnProsody, tellsAnErrorAsWhatItMeans) {
  Relay cloud(io, prosody.componentPort());
  ASSERT_TRUE(runUntil(io, [&] { return cloud.component->online(); }));
  std::optional<run::Error> error;
  cloud.component->get(*Jid::parse(prosody.jid("nobody")), Element("x", "urn:x"), 5s,
                       [&](const run::Result<Element>& a) { error = a ? run::Error{} : a.error(); });
  ASSERT_TRUE(runUntil(io, [&] { return error.has_value(); }));
  EXPECT_EQ(error->code, run::Code::unknownRobot);
}

TEST_F(ComponentOnProsody, exchangesPresenceAndMessages) {
  Relay cloud(io, prosody.componentPort());
  Account owner(io, prosody, "owner", {relay});
  owner.start();
  // The client asks for a subscription to its contact.
  ASSERT_TRUE(runUntil(io, [&] { return !cloud.presences.empty(); })) << prosody.log();
  EXPECT_EQ(cloud.presences[0].attribute("type"), "subscribe");
  const auto presence = Element("presence", std::string(ns::client)).set("to", owner.self.text());
  ASSERT_TRUE(cloud.component->send(Element(presence).set("type", "subscribed")));
  ASSERT_TRUE(cloud.component->send(presence));
  EXPECT_TRUE(runUntil(io, [&] { return owner.sees(relay) != nullptr; }));
  ASSERT_TRUE(owner.client->send(Element("message", std::string(ns::client)).set("to", robot.text())));
  EXPECT_TRUE(runUntil(io, [&] { return cloud.messages.size() == 1; }));
}

TEST_F(ComponentOnProsody, keepsTheOrderOfAThousandRequests) {
  Relay cloud(io, prosody.componentPort());
  Account owner(io, prosody, "owner", {relay});
  owner.start();
  const std::size_t count = 1000;
  std::vector<std::string> asked, answered, expected;
  for (std::size_t i = 0; i < count; ++i) expected.push_back(std::to_string(i));
  cloud.component->handle("set", "call", "urn:x", [&](const IqRequest& request, const IqReply& reply) {
    asked.push_back(request.payload.text);
    reply.result(Element("result", "urn:x", request.payload.text));
  });
  ASSERT_TRUE(runUntil(io, [&] { return cloud.component->online() && owner.client->online(); }));
  for (const auto& number : expected)
    owner.client->set(robot, Element("call", "urn:x", number), 30s, [&](const run::Result<Element>& a) {
      answered.emplace_back(a ? a->childText("result", "urn:x") : a.error().cause);
    });
  ASSERT_TRUE(runUntil(
      io, [&] { return answered.size() == count; }, 30s));
  EXPECT_EQ(asked, expected);
  EXPECT_EQ(answered, expected);
}

TEST_F(ComponentOnProsody, comesBackAfterTheServerWasKilled) {
  Relay cloud(io, prosody.componentPort());
  ASSERT_TRUE(runUntil(io, [&] { return cloud.component->online(); }));
  prosody.kill();
  ASSERT_TRUE(runUntil(io, [&] { return cloud.errors.size() >= 2; }));
  EXPECT_EQ(cloud.errors[0].code, run::Code::connectionLost);
  EXPECT_EQ(cloud.errors[1].code, run::Code::unreachable);
  prosody.start();
  ASSERT_TRUE(runUntil(io, [&] { return cloud.component->online(); })) << prosody.log();
  std::optional<bool> answered;
  cloud.component->get(serverJid, Element("ping", std::string(ns::ping)), 5s,
                       [&](const run::Result<Element>& a) { answered = a.has_value(); });
  EXPECT_TRUE(runUntil(io, [&] { return answered.has_value(); }));
  EXPECT_TRUE(*answered);
}

TEST_F(ComponentOnProsody, leavesAConnectionThatIsHalfOpen) {
  test::Proxy proxy(io, prosody.componentPort());
  auto config = quick();
  config.longestSilence = 300ms;
  config.pingDeadline = 300ms;
  Relay cloud(io, proxy.port(), config);
  ASSERT_TRUE(runUntil(io, [&] { return cloud.component->online(); }));
  proxy.frozen = true;
  ASSERT_TRUE(runUntil(io, [&] { return !cloud.errors.empty(); }));
  EXPECT_EQ(cloud.errors[0].code, run::Code::timedOut);
  EXPECT_THAT(cloud.errors[0].cause, HasSubstr("ping"));
}

TEST_F(ComponentOnProsody, takesItsNameOnceTheOtherOneHasGone) {
  auto first = std::make_unique<Relay>(io, prosody.componentPort());
  ASSERT_TRUE(runUntil(io, [&] { return first->component->online(); }));
  Relay second(io, prosody.componentPort());
  ASSERT_TRUE(runUntil(io, [&] { return second.errors.size() >= 2; }));
  EXPECT_EQ(second.errors[0].code, run::Code::refused);
  EXPECT_TRUE(first->component->online());
  first->component->stop();
  EXPECT_TRUE(runUntil(io, [&] { return second.component->online(); }));
}

TEST_F(ComponentOnProsody, saysThatTheSecretIsWrongAndKeepsTrying) {
  Relay cloud(io, prosody.componentPort(), quick(), "loud");
  ASSERT_TRUE(runUntil(io, [&] { return cloud.errors.size() >= 3; }));
  for (const auto& error : cloud.errors) EXPECT_EQ(error.code, run::Code::notAuthenticated);
}

class ComponentFaults : public testing::TestWithParam<std::pair<std::string, run::Code>> {};

// The first two attempts meet a server that says these words and then nothing; the third finds a good one.
TEST_P(ComponentFaults, comesBackFromABadServer) {
  boost::asio::io_context io;
  ScriptedServer bad(io, GetParam().first),
      good(io, std::string(ScriptedServer::header) + std::string(ScriptedServer::accepted));
  auto config = quick();
  int attempts = 0;
  config.streams = [&] {
    auto how = componentAt(attempts < 2 ? bad.port() : good.port());
    if (attempts++ < 2) how.stageDeadline = 100ms;
    return makeComponentStream(io.get_executor(), how, run::silentLog());
  };
  std::vector<run::Code> codes;
  Component component(io.get_executor(), config, run::silentLog());
  component.start({nullptr, [&](const run::Error& why, std::chrono::milliseconds) { codes.push_back(why.code); },
                   nullptr, nullptr});
  ASSERT_TRUE(runUntil(io, [&] { return good.connected == 1 && component.online(); }));
  EXPECT_EQ(codes, (std::vector{GetParam().second, GetParam().second}));
  component.stop();
}

const std::string goodHeader(ScriptedServer::header);
INSTANTIATE_TEST_SUITE_P(Component, ComponentFaults,
                         testing::Values(std::pair("", run::Code::timedOut), std::pair(goodHeader, run::Code::timedOut),
                                         std::pair("\x16\x03\x01 not XML <<<", run::Code::protocolError),
                                         std::pair(goodHeader + "<handshake/><message>&lol;", run::Code::protocolError),
                                         std::pair(goodHeader + "</stream:stream>", run::Code::unreachable),
                                         std::pair(goodHeader + "<handshake/></stream:stream>",
                                                   run::Code::connectionLost)));

}  // namespace
}  // namespace beckon::xmpp
