// What a client's stream does, by our engine and by libstrophe: a difference is a fault of one of them.
#include "xmpp/client_stream.hpp"

#include "tests/strophe/strophe_stream.hpp"
#include "tests/xmpp/client_stream_fixture.hpp"

namespace beckon::xmpp {
namespace {

using Make = std::unique_ptr<Stream> (*)(boost::asio::any_io_executor, ClientStreamConfig, run::Log);

class EitherStream : public ClientStream, public testing::WithParamInterface<std::pair<const char*, Make>> {
 protected:
  std::unique_ptr<Stream> make(ClientStreamConfig config) override {
    return GetParam().second(io.get_executor(), std::move(config), run::silentLog());
  }
};

INSTANTIATE_TEST_SUITE_P(By, EitherStream,
                         testing::Values(std::pair("engine", Make(makeClientStream)),
                                         std::pair("libstrophe", Make(makeStropheStream))),
                         [](const auto& by) { return by.param.first; });

TEST_P(EitherStream, logsInOverAVerifiedCertificate) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  EXPECT_EQ(self.text(), "robot@robots.test/gateway");
  ASSERT_TRUE(stream->send(ping("one")));
  ASSERT_TRUE(runUntil(io, [this] { return !stanzas.empty(); }));
  EXPECT_EQ(stanzas[0].attribute("id"), "one");
  EXPECT_EQ(stanzas[0].attribute("type"), "result");
}

TEST_P(EitherStream, refusesACertificateOfAnotherAuthority) {
  const Prosody server({{"robot", "secret"}});
  auto config = at(server);
  config.caFile.clear();
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr("issuer"));
  EXPECT_THAT(error.nextStep, HasSubstr("authority"));
}

TEST_P(EitherStream, refusesACertificateForAnotherName) {
  Prosody::Options options;
  options.certificateFor = "other.test";
  const Prosody server({{"robot", "secret"}}, options);
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr("mismatch"));
  EXPECT_THAT(error.nextStep, HasSubstr("robots.test"));
}

TEST_P(EitherStream, refusesAnExpiredCertificate) {
  Prosody::Options options;
  options.expired = true;
  const Prosody server({{"robot", "secret"}}, options);
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr("expired"));
}

TEST_P(EitherStream, saysThatThePasswordIsWrong) {
  const Prosody server({{"robot", "other"}});
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::notAuthenticated);
  EXPECT_THAT(error.cause, HasSubstr("password"));
  EXPECT_THAT(error.cause, testing::Not(HasSubstr("secret")));
}

TEST_P(EitherStream, saysThatTheServerDoesNotServeTheDomain) {
  const Prosody server({{"robot", "secret"}});
  auto config = at(server);
  config.account = *Jid::parse("robot@elsewhere.test");
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("domain"));
}

TEST_P(EitherStream, saysThatTheServerDied) {
  Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  server.kill();
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::connectionLost);
  EXPECT_EQ(stream->send(ping("late")).error().code, run::Code::connectionLost);
}

TEST_P(EitherStream, saysThatAnotherSessionTookItsResource) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline());
  bool online = false;
  const auto second = make(at(server));
  second->start({[&](const Jid&) { online = true; }, nullptr, nullptr});
  ASSERT_TRUE(runUntil(io, [&] { return online && closed; }));
  EXPECT_THAT(closed->cause, HasSubstr("conflict"));
}

TEST_P(EitherStream, carriesLargeStanzasAndManyWhole) {
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

TEST_P(EitherStream, refusesAStanzaAboveTheServersLimit) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  EXPECT_EQ(stream->send(ping("early")).error().code, run::Code::connectionLost);
  ASSERT_TRUE(comesOnline()) << closed->cause;
  const auto sent = stream->send(Element("message", std::string(ns::client), std::string(300'000, 'x')));
  EXPECT_EQ(sent.error().code, run::Code::tooLarge);
  ASSERT_TRUE(stream->send(ping("still here")));
  EXPECT_TRUE(runUntil(io, [this] { return !stanzas.empty(); }));
}

TEST_P(EitherStream, dropsAStanzaThatIsNestedTooDeeply) {
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

TEST_P(EitherStream, readsOnOnceItsReaderHasCaughtUp) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  const std::size_t count = 4000;  // more than may wait for the reader
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_TRUE(
        stream->send(Element("message", std::string(ns::client)).set("to", self.text()).set("id", std::to_string(i))));
  EXPECT_TRUE(runUntil(io, [&] { return stanzas.size() == count; })) << stanzas.size();
}

TEST_P(EitherStream, sendsWhatWasQueuedBeforeItStops) {
  const Prosody server({{"robot", "secret"}, {"other", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  auto config = at(server);
  config.account = *Jid::parse("other@robots.test");
  Jid otherSelf;
  const auto other = make(config);
  other->start({[&](const Jid& jid) { otherSelf = jid; }, nullptr, nullptr});
  ASSERT_TRUE(runUntil(io, [&] { return !otherSelf.empty(); }));
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(other->send(Element("message", std::string(ns::client))
                                .set("to", self.text())
                                .add(Element("body", {}, std::string(20'000, 'x')))));
  other->stop();
  EXPECT_TRUE(runUntil(io, [this] { return stanzas.size() == 20; }));
}

TEST_P(EitherStream, mayBeDestroyedAtAnyStage) {
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

TEST_P(EitherStream, mayBeDestroyedByItsOwnEvents) {
  stream = make(at("127.0.0.1", test::freePort()));
  stream->start({nullptr, nullptr, [this](const run::Error& why) {
                   stream.reset();
                   closed = why;
                 }});
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::unreachable);
}

}  // namespace
}  // namespace beckon::xmpp
