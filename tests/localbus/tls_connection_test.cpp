#include "tests/localbus/sample.hpp"
#include "tests/localbus/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Whole connections over TLS, on real sockets.
namespace beckon::localbus {
namespace {

using run::Code;
using run::Result;
using testing::HasSubstr;

class TlsConnection : public testing::Test {
 protected:
  static Endpoint at(Endpoint::Scheme scheme) { return {"127.0.0.1", 0, scheme}; }
  Result<std::shared_ptr<Connection>> dialTo(const Endpoint& endpoint, std::optional<TlsContext> context) {
    DialOptions options;
    options.tls = std::move(context);
    return bus.loop.await(dial(bus.loop.io, endpoint, std::move(options), run::silentLog()));
  }
  std::shared_ptr<RemoteObject> sampleOn(const std::shared_ptr<Connection>& connection) {
    return bus.loop.await(RemoteObject::open(connection, test::sampleService, "Sample")).value();
  }

  test::TlsFiles files;
  TlsKeyPair own = files.issue({"robot", "IP:127.0.0.1"});
  TlsContext serverContext = *TlsContext::server({own});
  TlsContext trusting = *TlsContext::client({files.path("authority.pem")});
  test::SampleBus bus;
  Endpoint port = bus.listener.start(at(Endpoint::Scheme::tcps), serverContext).value();
};

TEST_F(TlsConnection, carriesCallsEventsAndMegabytes) {
  EXPECT_EQ(port.url().substr(0, 17), "tcps://127.0.0.1:");
  const auto object = sampleOn(dialTo(port, trusting).value());
  EXPECT_EQ(bus.loop.await(object->method<int(int, int)>("add").value()(2, 40)).value(), 42);
  int heard = 0;
  const auto subscription = bus.loop.await(object->subscribe("ticked", [&](const qi::Value&) { ++heard; })).value();
  for (int i = 0; i < 500; ++i) (*bus.sample.ticked)(i, "x");
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard == 500; }));
  const qi::Bytes large(5'000'000, 7);
  EXPECT_EQ(bus.loop.await(object->method<std::uint32_t(qi::Bytes)>("size").value()(large)).value(), large.size());
  EXPECT_EQ(bus.loop.await(object->method<qi::Bytes(std::uint32_t)>("big").value()(5'000'000)).value().size(),
            5'000'000u);
}

TEST_F(TlsConnection, endsCleanlyAndSendsWhatItWasGiven) {
  const auto connection = dialTo(port, trusting).value();
  const auto object = sampleOn(connection);
  EXPECT_TRUE(object->post("nothing", qi::Tuple{}));
  connection->close({Code::connectionLost, "enough", {}});
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.sample.nothings == 1 && bus.host.ended == 1; }));
}

TEST_F(TlsConnection, refusesAServerThatNobodyTrusted) {
  test::TlsFiles others;
  const auto error = dialTo(port, *TlsContext::client({others.path("authority.pem")})).error();
  EXPECT_EQ(error.code, Code::badCertificate);
  EXPECT_FALSE(error.nextStep.empty());
  EXPECT_EQ(dialTo(port, std::nullopt).error().code, Code::badCertificate);  // by the authorities of the system
  // The switch for libqi peers.
  TlsContext::ClientOptions unverified;
  unverified.verify = false;
  EXPECT_TRUE(dialTo(port, *TlsContext::client(unverified)));
}

TEST_F(TlsConnection, isMutualWhereBothVerify) {
  const auto mutual =
      bus.listener.start(at(Endpoint::Scheme::tcpsm), *TlsContext::server({own, files.path("authority.pem")})).value();
  const auto known = files.issue({"client", "DNS:client.example"});
  TlsContext::ClientOptions shown;
  shown.authorities = files.path("authority.pem");
  shown.own = known;
  const auto object = sampleOn(dialTo(mutual, *TlsContext::client(shown)).value());
  EXPECT_EQ(bus.loop.await(object->method<int(int, int)>("add").value()(2, 40)).value(), 42);
  EXPECT_FALSE(dialTo(mutual, trusting));  // shows no certificate
}

TEST_F(TlsConnection, needsACertificateToListen) {
  for (const auto scheme : {Endpoint::Scheme::tcps, Endpoint::Scheme::tcpsm}) {
    const auto error = bus.listener.start(at(scheme)).error();
    EXPECT_EQ(error.code, Code::invalidArgument);
    EXPECT_THAT(error.nextStep, HasSubstr("certificate"));
  }
  // What verifies nobody is not mutual.
  EXPECT_FALSE(bus.listener.start(at(Endpoint::Scheme::tcpsm), serverContext));
}

TEST_F(TlsConnection, tellsWhoDoesNotSpeakTls) {
  test::RawServer plain(bus.loop);
  std::optional<run::Error> error;
  auto endpoint = plain.endpoint();
  endpoint.scheme = Endpoint::Scheme::tcps;
  DialOptions options;
  options.tls = trusting;
  boost::asio::co_spawn(bus.loop.io, dial(bus.loop.io, endpoint, options, run::silentLog()),
                        [&](std::exception_ptr, Result<std::shared_ptr<Connection>> done) { error = done.error(); });
  auto peer = plain.accept();
  qi::Header greeting;
  greeting.type = qi::MessageType::capability;
  peer.send(greeting);
  ASSERT_TRUE(bus.loop.runUntil([&] { return error.has_value(); }));
  EXPECT_EQ(error->code, Code::protocolError);
  EXPECT_THAT(error->nextStep, HasSubstr("tcp://"));
}

TEST_F(TlsConnection, givesUpOnAHandshakeThatStalls) {
  DialOptions options;
  options.tls = trusting;
  options.authenticationTime = std::chrono::milliseconds(100);
  test::RawServer silent(bus.loop);
  auto endpoint = silent.endpoint();
  endpoint.scheme = Endpoint::Scheme::tcps;
  EXPECT_EQ(bus.loop.await(dial(bus.loop.io, endpoint, options, run::silentLog())).error().code, Code::timedOut);
}

}  // namespace
}  // namespace beckon::localbus
