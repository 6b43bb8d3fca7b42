#include "xmpp/component_stream.hpp"

#include "tests/xmpp/component_fixture.hpp"

#include <boost/asio/steady_timer.hpp>
#include <dirent.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

namespace beckon::xmpp {
namespace {

const std::string greeting = std::string(ScriptedServer::header) + std::string(ScriptedServer::accepted);

class ComponentStreamTest : public testing::Test {
 protected:
  void open(ComponentConfig config) {
    stream = makeComponentStream(io.get_executor(), std::move(config), run::silentLog());
    stream->start({[this](const Jid& jid) { self = jid; },
                   [this](Element stanza) { stanzas.push_back(std::move(stanza)); },
                   [this](const run::Error& why) { closed = why; }});
  }

  bool comesOnline() {
    return runUntil(io, [this] { return !self.empty() || closed; }) && !closed;
  }

  run::Error failure(ComponentConfig config) {
    open(std::move(config));
    runUntil(io, [this] { return closed.has_value(); });
    EXPECT_TRUE(self.empty());
    return closed.value_or(run::Error{run::Code::internal, "the stream did not end", ""});
  }

  static Element ping(std::string_view id) {
    return Element("iq", std::string(ns::client))
        .set("type", "get")
        .set("id", id)
        .set("from", relay.text())
        .set("to", "robots.test")
        .add(Element("ping", std::string(ns::ping)));
  }

  static Element toItself(std::size_t id, const std::string& body) {
    return Element("message", std::string(ns::client))
        .set("to", relay.text())
        .set("from", relay.text())
        .set("id", std::to_string(id))
        .add(Element("body", {}, body));
  }

  boost::asio::io_context io;
  std::unique_ptr<Stream> stream;
  Jid self;
  std::vector<Element> stanzas;
  std::optional<run::Error> closed;
};

TEST_F(ComponentStreamTest, isAcceptedByAServerThatKnowsItsSecret) {
  const Prosody server({}, withRelay());
  open(componentAt(server.componentPort()));
  EXPECT_TRUE(self.empty());  // never from inside the call
  ASSERT_TRUE(comesOnline()) << closed->cause << server.log();
  EXPECT_EQ(self, relay);
  ASSERT_TRUE(stream->send(ping("one")));
  ASSERT_TRUE(runUntil(io, [this] { return !stanzas.empty(); }));
  EXPECT_TRUE(stanzas[0].is("iq", ns::client));
  EXPECT_EQ(stanzas[0].attribute("id"), "one");
  EXPECT_EQ(stanzas[0].attribute("type"), "result");
}

TEST_F(ComponentStreamTest, saysThatTheSecretIsWrong) {
  const Prosody server({}, withRelay());
  auto config = componentAt(server.componentPort());
  config.secret = "loud";
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::notAuthenticated);
  EXPECT_THAT(error.nextStep, HasSubstr("secret"));
  EXPECT_THAT(error.cause + error.nextStep, testing::Not(HasSubstr("loud")));
}

TEST_F(ComponentStreamTest, saysThatTheServerDoesNotKnowItsName) {
  const Prosody server({}, withRelay());
  auto config = componentAt(server.componentPort());
  config.domain = *Jid::parse("other.robots.test");
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::invalidConfig);
  EXPECT_THAT(error.cause, HasSubstr("other.robots.test"));
}

TEST_F(ComponentStreamTest, saysThatAnotherComponentHasItsName) {
  const Prosody server({}, withRelay());
  open(componentAt(server.componentPort()));
  ASSERT_TRUE(comesOnline());
  std::optional<run::Error> error;
  const auto second = makeComponentStream(io.get_executor(), componentAt(server.componentPort()), run::silentLog());
  second->start({nullptr, nullptr, [&](const run::Error& why) { error = why; }});
  ASSERT_TRUE(runUntil(io, [&] { return error.has_value(); }));
  EXPECT_EQ(error->code, run::Code::refused);
  EXPECT_FALSE(closed);
}

TEST_F(ComponentStreamTest, saysThatThePortIsTheOneForClients) {
  const Prosody server({}, withRelay());
  const auto error = failure(componentAt(server.port()));
  EXPECT_EQ(error.code, run::Code::invalidConfig) << error.cause;
  EXPECT_THAT(error.nextStep, HasSubstr("port"));
}

TEST_F(ComponentStreamTest, saysThatNobodyListensAtThePort) {
  const auto error = failure(componentAt(test::freePort()));
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("Connection refused"));
}

TEST_F(ComponentStreamTest, saysThatTheHostIsUnknown) {
  auto config = componentAt(5347);
  config.host = "no-such-host.invalid";
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("no-such-host.invalid"));
}

// On most machines those of localhost are ::1 and 127.0.0.1; the server has one of them.
TEST_F(ComponentStreamTest, looksUpNamesAndTriesEachAddress) {
  ScriptedServer server(io, greeting);
  auto config = componentAt(server.port());
  config.host = "localhost";
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
}

TEST_F(ComponentStreamTest, saysThatTheServerDied) {
  Prosody server({}, withRelay());
  open(componentAt(server.componentPort()));
  ASSERT_TRUE(comesOnline());
  server.kill();
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::connectionLost);
  EXPECT_EQ(stream->send(ping("late")).error().code, run::Code::connectionLost);
}

// ---- Servers that fail at each stage. ----

// Its queue of connections is full: TCP gets no answer.
TEST_F(ComponentStreamTest, givesUpAConnectionThatDoesNotComeAbout) {
  tcp::acceptor acceptor(io);
  acceptor.open(tcp::v4());
  acceptor.bind({boost::asio::ip::address_v4::loopback(), test::freePort()});
  acceptor.listen(0);
  std::list<tcp::socket> waiting;
  for (int i = 0; i < 4; ++i) waiting.emplace_back(io).async_connect(acceptor.local_endpoint(), [](auto) {});
  auto config = componentAt(acceptor.local_endpoint().port());
  config.stageDeadline = 100ms;
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("a connection to 127.0.0.1"));
}

TEST_F(ComponentStreamTest, givesUpAServerThatAcceptsAndIsSilent) {
  ScriptedServer server(io);
  auto config = componentAt(server.port());
  config.stageDeadline = 100ms;
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("stream header"));
  EXPECT_TRUE(runUntil(io, [&] { return server.left; }));
}

TEST_F(ComponentStreamTest, givesUpAServerThatDoesNotAnswerTheSecret) {
  ScriptedServer server(io, std::string(ScriptedServer::header));
  auto config = componentAt(server.port());
  config.stageDeadline = 100ms;
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("secret"));
  EXPECT_THAT(server.heard, HasSubstr("<handshake>"));
  EXPECT_THAT(server.heard, testing::Not(HasSubstr("hush")));
}

// Bytes that say nothing earn no new deadline.
TEST_F(ComponentStreamTest, givesUpAServerThatOnlyKeepsTheConnectionAlive) {
  ScriptedServer server(io, std::string(ScriptedServer::header));
  auto config = componentAt(server.port());
  config.stageDeadline = 300ms;
  open(config);
  EXPECT_TRUE(runUntil(io, [&] {
    if (server.connected > 0 && !closed && !server.left) server.say(" ");
    return closed.has_value();
  }));
  EXPECT_EQ(closed->code, run::Code::timedOut);
}

TEST_F(ComponentStreamTest, refusesWhatIsNotXml) {
  ScriptedServer server(io, "SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_EQ(failure(componentAt(server.port())).code, run::Code::protocolError);
}

TEST_F(ComponentStreamTest, saysThatTheConnectionEndedInTheMiddleOfAStanza) {
  ScriptedServer server(io, greeting + "<message><body>half");
  open(componentAt(server.port()));
  ASSERT_TRUE(comesOnline());
  server.hangUp();
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::connectionLost);
  EXPECT_TRUE(stanzas.empty());
}

TEST_F(ComponentStreamTest, saysThatTheServerHungUpBeforeItWasOnline) {
  ScriptedServer server(io);
  open(componentAt(server.port()));
  ASSERT_TRUE(runUntil(io, [&] { return server.connected > 0; }));
  server.hangUp();
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::unreachable);
}

TEST_F(ComponentStreamTest, answersALargeRequestAndStaysOnline) {
  auto words = greeting + "<iq type='get' id='1' from='a@b' to='relay.robots.test'><x>" + std::string(300'000, 'x') +
               "</x></iq><presence from='a@b'/>";
  ScriptedServer server(io, words);
  open(componentAt(server.port()));
  ASSERT_TRUE(runUntil(io, [&] { return !stanzas.empty() && server.heard.find("too-large") != std::string::npos; }));
  EXPECT_EQ(stanzas[0].name, "presence");
  EXPECT_FALSE(closed);
}

// ---- What is sent. ----

TEST_F(ComponentStreamTest, refusesAStanzaAboveTheLimit) {
  const Prosody server({}, withRelay());
  open(componentAt(server.componentPort()));
  EXPECT_EQ(stream->send(ping("early")).error().code, run::Code::connectionLost);
  ASSERT_TRUE(comesOnline());
  EXPECT_EQ(stream->send(toItself(1, std::string(262144, 'x'))).error().code, run::Code::tooLarge);
  ASSERT_TRUE(stream->send(ping("still here")));
  EXPECT_TRUE(runUntil(io, [this] { return !stanzas.empty(); }));
}

TEST_F(ComponentStreamTest, carriesLargeStanzasAndManyWhole) {
  const Prosody server({}, withRelay());
  open(componentAt(server.componentPort()));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  std::string text;
  while (text.size() < 150'000) text += "{\"x\": 'é<&>'}\n" + std::string(1000, 'x') + std::to_string(text.size());
  const std::size_t count = 300;
  for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(stream->send(toItself(i, i % 50 == 0 ? text : "short")));
  ASSERT_TRUE(runUntil(io, [&] { return stanzas.size() == count || closed; }));
  ASSERT_FALSE(closed) << closed->cause;
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(stanzas[i].attribute("id"), std::to_string(i));
    ASSERT_EQ(stanzas[i].childText("body", ns::client), i % 50 == 0 ? text : "short");
  }
}

TEST_F(ComponentStreamTest, refusesMoreWhenTheServerDoesNotRead) {
  ScriptedServer server(io, greeting);
  server.reads = false;
  auto config = componentAt(server.port());
  config.largestQueue = 1'000'000;
  open(config);
  ASSERT_TRUE(comesOnline());
  std::size_t sent = 0;
  run::Result<> result;
  ASSERT_TRUE(runUntil(io, [&] {
    result = stream->send(toItself(sent++, std::string(100'000, 'x')));
    return !result;
  }));
  EXPECT_EQ(result.error().code, run::Code::overloaded);
  EXPECT_GE(sent, 10u);
  EXPECT_FALSE(closed);
}

TEST_F(ComponentStreamTest, sendsWhatWasQueuedBeforeItStops) {
  ScriptedServer server(io, greeting);
  open(componentAt(server.port()));
  ASSERT_TRUE(comesOnline());
  for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(stream->send(toItself(i, std::string(20'000, 'x'))));
  stream->stop();
  stream.reset();
  ASSERT_TRUE(runUntil(io, [&] { return server.left; }));
  EXPECT_THAT(server.heard, HasSubstr("id='19'"));
  EXPECT_TRUE(server.heard.ends_with("</message></stream:stream>"));
  EXPECT_FALSE(closed);
}

TEST_F(ComponentStreamTest, isGoneForTheServerOnceStopped) {
  const Prosody server({}, withRelay());
  open(componentAt(server.componentPort()));
  ASSERT_TRUE(comesOnline());
  stream->stop();
  io.restart();
  io.run();  // until nothing of it is left
  self = {};
  open(componentAt(server.componentPort()));
  EXPECT_TRUE(comesOnline()) << closed->cause;
}

TEST_F(ComponentStreamTest, keepsNeitherSocketNorWorkAfterItsEnd) {
  const auto descriptors = [] {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), &closedir);
    int count = 0;
    while (readdir(folder.get())) ++count;
    return count;
  };
  const Prosody server({}, withRelay());
  const boost::asio::steady_timer first(io);  // opens what the loop itself needs
  const auto before = descriptors();
  for (const auto steps : {0, 1, 2, 3, 4, 5, 6, 20}) {
    open(componentAt(server.componentPort()));
    for (int i = 0; i < steps && !closed; ++i) io.run_one_for(100ms);
    stream.reset();
    io.restart();
    io.run();
    EXPECT_EQ(descriptors(), before) << steps;
  }
}

TEST_F(ComponentStreamTest, mayBeDestroyedByItsOwnEvents) {
  for (const std::string which : {"online", "stanza", "closed"}) {
    ScriptedServer server(io, greeting + "<presence/><presence/></stream:stream>");
    int events = 0, others = 0;
    const auto on = [&](const std::string& name) {
      ++events;
      if (name == which) stream.reset();
      if (!stream && name != which) ++others;
    };
    stream = makeComponentStream(io.get_executor(), componentAt(server.port()), run::silentLog());
    stream->start({[&](const Jid&) { on("online"); }, [&](const Element&) { on("stanza"); },
                   [&](const run::Error&) { on("closed"); }});
    ASSERT_TRUE(runUntil(io, [&] { return !stream && server.left; })) << which;
    EXPECT_EQ(others, 0) << which;
    EXPECT_EQ(events, which == "online" ? 1 : which == "stanza" ? 2 : 4);
  }
}

TEST_F(ComponentStreamTest, noticesAPeerThatIsGoneWithoutAWord) {
  ScriptedServer server(io, greeting);
  open(componentAt(server.port()));
  ASSERT_TRUE(comesOnline());
  // The socket of ours that is connected there.
  int found = -1;
  for (int socket = 3; socket < 256; ++socket) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_family == AF_INET &&
        ntohs(peer.sin_port) == server.port())
      found = socket;
  }
  ASSERT_GE(found, 0);
  const auto option = [found](int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    getsockopt(found, level, name, &value, &size);
    return value;
  };
  EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 15);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 20000);
}

}  // namespace
}  // namespace beckon::xmpp
