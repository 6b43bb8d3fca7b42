#include "xmpp/strophe_stream.hpp"

#include "tests/support/free_port.hpp"
#include "tests/support/prosody.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using test::Prosody;
using test::runUntil;
using testing::HasSubstr;

class StropheStream : public testing::Test {
 protected:
  static StropheConfig at(const std::string& host, unsigned short port) {
    StropheConfig config;
    config.account = *Jid::parse("robot@robots.test");
    config.resource = "gateway";
    config.password = "secret";
    config.host = host;
    config.port = port;
    config.stageDeadline = 3s;
    return config;
  }

  static StropheConfig at(const Prosody& server) {
    auto config = at(server.host(), server.port());
    config.caFile = server.caFile();
    return config;
  }

  void open(StropheConfig config) {
    stream = makeStropheStream(io.get_executor(), std::move(config), run::silentLog());
    stream->start({[this](const Jid& jid) { self = jid; },
                   [this](Element stanza) { stanzas.push_back(std::move(stanza)); },
                   [this](const run::Error& why) { closed = why; }});
  }

  bool comesOnline() {
    return runUntil(io, [this] { return !self.empty() || closed; }) && !closed;
  }

  run::Error failure(StropheConfig config) {
    open(std::move(config));
    runUntil(io, [this] { return closed.has_value(); });
    EXPECT_TRUE(self.empty());
    return closed.value_or(run::Error{run::Code::internal, "the stream did not end", ""});
  }

  Element ping(std::string_view id) {
    return Element("iq", std::string(ns::client))
        .set("type", "get")
        .set("id", id)
        .add(Element("ping", std::string(ns::ping)));
  }

  boost::asio::io_context io;
  std::unique_ptr<Stream> stream;
  Jid self;
  std::vector<Element> stanzas;
  std::optional<run::Error> closed;
};

// A server that accepts one connection; says `words` and then nothing.
struct Listener {
  explicit Listener(boost::asio::io_context& io, std::string words_ = {})
      : acceptor(io, {boost::asio::ip::address_v4::loopback(), test::freePort()}),
        socket(io),
        words(std::move(words_)) {
    acceptor.async_accept(socket, [this](boost::system::error_code error) {
      if (error) return;
      accepted = true;
      boost::asio::async_write(socket, boost::asio::buffer(words), [](auto...) {});
    });
  }
  unsigned short port() const { return acceptor.local_endpoint().port(); }

  tcp::acceptor acceptor;
  tcp::socket socket;
  std::string words;
  bool accepted = false;
};

TEST_F(StropheStream, logsInOverAVerifiedCertificate) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  EXPECT_EQ(self.text(), "robot@robots.test/gateway");
  ASSERT_TRUE(stream->send(ping("one")));
  ASSERT_TRUE(runUntil(io, [this] { return !stanzas.empty(); }));
  EXPECT_EQ(stanzas[0].attribute("id"), "one");
  EXPECT_EQ(stanzas[0].attribute("type"), "result");
}

TEST_F(StropheStream, refusesACertificateOfAnotherAuthority) {
  const Prosody server({{"robot", "secret"}});
  auto config = at(server);
  config.caFile.clear();
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr("issuer"));
  EXPECT_THAT(error.nextStep, HasSubstr("authority"));
}

TEST_F(StropheStream, refusesACertificateForAnotherName) {
  Prosody::Options options;
  options.certificateFor = "other.test";
  const Prosody server({{"robot", "secret"}}, options);
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr("mismatch"));
  EXPECT_THAT(error.nextStep, HasSubstr("robots.test"));
}

TEST_F(StropheStream, refusesAnExpiredCertificate) {
  Prosody::Options options;
  options.expired = true;
  const Prosody server({{"robot", "secret"}}, options);
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr("expired"));
}

TEST_F(StropheStream, saysThatThePasswordIsWrong) {
  const Prosody server({{"robot", "other"}});
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::notAuthenticated);
  EXPECT_THAT(error.cause, HasSubstr("password"));
  EXPECT_THAT(error.cause, testing::Not(HasSubstr("secret")));
}

TEST_F(StropheStream, refusesAWeakerMechanismThanConfigured) {
  Prosody::Options options;
  options.passwordHash = "SHA-1";
  const Prosody server({{"robot", "secret"}}, options);
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::notAuthenticated);
  EXPECT_THAT(error.cause, HasSubstr("SCRAM-SHA-1"));
  closed.reset();
  auto config = at(server);
  config.weakest = Scram::Hash::sha1;
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
}

TEST_F(StropheStream, saysThatTheServerDoesNotServeTheDomain) {
  const Prosody server({{"robot", "secret"}});
  auto config = at(server);
  config.account = *Jid::parse("robot@elsewhere.test");
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("domain"));
}

TEST_F(StropheStream, saysThatTheHostIsUnknown) {
  const auto error = failure(at("no-such-host.invalid", 5222));
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("no-such-host.invalid"));
}

TEST_F(StropheStream, saysThatNobodyListensAtThePort) {
  const auto error = failure(at("127.0.0.1", test::freePort()));
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("Connection refused"));
}

TEST_F(StropheStream, triesTheNextAddressOfAHost) {
  const Prosody server({{"robot", "secret"}});
  auto config = at("localhost", server.port());  // ::1 as well as 127.0.0.1, where there is IPv6
  config.caFile = server.caFile();
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
}

TEST_F(StropheStream, givesUpOnAServerThatNeverSpeaks) {
  Listener server(io);
  auto config = at("127.0.0.1", server.port());
  config.stageDeadline = 200ms;
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("stream header"));
  EXPECT_TRUE(server.accepted);
}

// libstrophe blocks in the handshake; the watchdog ends it from outside.
TEST_F(StropheStream, givesUpOnATlsHandshakeThatStalls) {
  Listener server(io,
                  "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
                  "from='robots.test' id='1' xmlns='jabber:client'><stream:features><starttls "
                  "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features><proceed "
                  "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  auto config = at("127.0.0.1", server.port());
  config.stageDeadline = 200ms;
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("TLS"));
  const auto before = std::chrono::steady_clock::now();
  stream.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
}

TEST_F(StropheStream, saysThatItIsNoXmppServer) {
  Listener server(io, "SSH-2.0-OpenSSH_9.2\r\n");
  const auto error = failure(at("127.0.0.1", server.port()));
  EXPECT_EQ(error.code, run::Code::protocolError);
}

TEST_F(StropheStream, sendsNothingInTheClearToAServerWithoutTls) {
  Listener server(
      io,
      "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
      "from='robots.test' id='1' xmlns='jabber:client'><stream:features><mechanisms "
      "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>");
  const auto error = failure(at("127.0.0.1", server.port()));
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("TLS"));
  boost::system::error_code ended;
  std::string said;
  boost::asio::read(server.socket, boost::asio::dynamic_buffer(said), ended);
  EXPECT_THAT(said, testing::Not(HasSubstr("<auth")));
  EXPECT_THAT(said, testing::Not(HasSubstr("robot@")));
}

TEST_F(StropheStream, saysThatTheServerDied) {
  Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  server.kill();
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::connectionLost);
  EXPECT_EQ(stream->send(ping("late")).error().code, run::Code::connectionLost);
}

TEST_F(StropheStream, saysThatAnotherSessionTookItsResource) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline());
  bool online = false;
  const auto second = makeStropheStream(io.get_executor(), at(server), run::silentLog());
  second->start({[&](const Jid&) { online = true; }, nullptr, nullptr});
  ASSERT_TRUE(runUntil(io, [&] { return online && closed; }));
  EXPECT_THAT(closed->cause, HasSubstr("conflict"));
}

TEST_F(StropheStream, carriesLargeStanzasAndManyWhole) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  // To ourselves, so that each comes back.
  std::string text;
  while (text.size() < 150'000) text += "{\"x\": 'é<&>'}\n" + std::string(1000, 'x') + std::to_string(text.size());
  const auto message = [&](std::size_t id, const std::string& body) {
    return Element("message", std::string(ns::client))
        .set("to", self.text())
        .set("id", std::to_string(id))
        .add(Element("body", {}, body));
  };
  const std::size_t count = 300;
  for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(stream->send(message(i, i % 50 == 0 ? text : "short")));
  ASSERT_TRUE(runUntil(io, [&] { return stanzas.size() == count || closed; }));
  ASSERT_FALSE(closed) << closed->cause;
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(stanzas[i].attribute("id"), std::to_string(i));
    ASSERT_EQ(stanzas[i].childText("body", ns::client), i % 50 == 0 ? text : "short");
  }
}

TEST_F(StropheStream, refusesAStanzaAboveTheServersLimit) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  EXPECT_EQ(stream->send(ping("early")).error().code, run::Code::connectionLost);
  ASSERT_TRUE(comesOnline()) << closed->cause;
  const auto sent = stream->send(Element("message", std::string(ns::client), std::string(300'000, 'x')));
  EXPECT_EQ(sent.error().code, run::Code::tooLarge);
  ASSERT_TRUE(stream->send(ping("still here")));
  EXPECT_TRUE(runUntil(io, [this] { return !stanzas.empty(); }));
}

TEST_F(StropheStream, dropsAStanzaThatIsNestedTooDeeply) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  for (const int depth : {60, 5000}) {
    Element nested("a", "urn:test");
    for (int i = 0; i < depth; ++i) nested = Element("a", "urn:test").add(std::move(nested));
    ASSERT_TRUE(
        stream->send(Element("message", std::string(ns::client)).set("to", self.text()).add(std::move(nested))));
  }
  ASSERT_TRUE(stream->send(ping("still here")));
  ASSERT_TRUE(runUntil(io, [this] { return !stanzas.empty() && stanzas.back().name == "iq"; }));
  EXPECT_EQ(stanzas.size(), 2u);
}

TEST_F(StropheStream, readsOnOnceItsReaderHasCaughtUp) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  const std::size_t count = 4000;  // more than may wait for the reader
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_TRUE(
        stream->send(Element("message", std::string(ns::client)).set("to", self.text()).set("id", std::to_string(i))));
  EXPECT_TRUE(runUntil(io, [&] { return stanzas.size() == count; })) << stanzas.size();
}

TEST_F(StropheStream, sendsWhatWasQueuedBeforeItStops) {
  const Prosody server({{"robot", "secret"}, {"other", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  auto config = at(server);
  config.account = *Jid::parse("other@robots.test");
  Jid otherSelf;
  const auto other = makeStropheStream(io.get_executor(), config, run::silentLog());
  other->start({[&](const Jid& jid) { otherSelf = jid; }, nullptr, nullptr});
  ASSERT_TRUE(runUntil(io, [&] { return !otherSelf.empty(); }));
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(other->send(Element("message", std::string(ns::client))
                                .set("to", self.text())
                                .add(Element("body", {}, std::string(20'000, 'x')))));
  other->stop();
  EXPECT_TRUE(runUntil(io, [this] { return stanzas.size() == 20; }));
}

TEST_F(StropheStream, mayBeDestroyedAtAnyStage) {
  const Prosody server({{"robot", "secret"}});
  for (const auto after : {0, 1, 2, 3, 4, 5, 6, 7}) {
    open(at(server));
    for (int i = 0; i < after; ++i) runUntil(io, [n = 0]() mutable { return n++ > 0; });
    stream.reset();
  }
  open(at("127.0.0.1", test::freePort()));
  stream->stop();
  io.restart();
  io.run_for(20ms);
  EXPECT_FALSE(closed);
}

TEST_F(StropheStream, mayBeDestroyedByItsOwnEvents) {
  stream = makeStropheStream(io.get_executor(), at("127.0.0.1", test::freePort()), run::silentLog());
  stream->start({nullptr, nullptr, [this](const run::Error& why) {
                   stream.reset();
                   closed = why;
                 }});
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::unreachable);
}

}  // namespace
}  // namespace beckon::xmpp
