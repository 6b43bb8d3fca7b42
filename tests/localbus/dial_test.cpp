#include "localbus/dial.hpp"

#include "tests/localbus/sample.hpp"

#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using run::Code;
using run::Error;
using test::Loop;
using test::RawServer;
using test::SampleBus;

Error failure(Loop& loop, const Endpoint& endpoint, DialOptions options = {}) {
  const auto result = loop.await(dial(loop.io, endpoint, std::move(options), run::silentLog()));
  EXPECT_FALSE(result);
  return result ? Error{} : result.error();
}

// Tells whoever still has the old token the new one.
AuthDecision wantsNewToken(const qi::CapabilityMap& credentials) {
  const auto token = credentials.find("token");
  if (token == credentials.end()) return {AuthDecision::State::refused, {}, "missing token"};
  const auto shown = qi::fromValue<std::string>(token->second).value();
  if (shown == "old") return {AuthDecision::State::more, {{"auth_newToken", qi::dynamic(std::string("new"))}}, {}};
  if (shown != "new") return {AuthDecision::State::refused, {}, "wrong token"};
  return {};
}

TEST(Dial, givesAConnectionThatIsReady) {
  SampleBus bus;
  const auto connection = bus.connect();
  EXPECT_TRUE(connection->isReady());
  EXPECT_EQ(connection->peer(), "127.0.0.1:" + std::to_string(bus.endpoint.port));
  EXPECT_TRUE(connection->capabilities().remote("MessageFlags"));
}

TEST(Dial, findsAHostByName) {
  SampleBus bus;
  const Endpoint byName{"localhost", bus.endpoint.port};
  EXPECT_TRUE(bus.loop.await(dial(bus.loop.io, byName, {}, bus.log)));
}

TEST(Dial, showsItsCredentials) {
  SampleBus bus(wantsNewToken);
  EXPECT_TRUE(bus.connect({.credentials = {{"auth_token", qi::dynamic(std::string("new"))}}})->isReady());
}

TEST(Dial, keepsCredentialsForTlsToItselfWhereTheWayCanBeRead) {
  SampleBus bus(wantsNewToken);
  const qi::CapabilityMap credentials{{"auth_token", qi::dynamic(std::string("new"))}};
  EXPECT_EQ(failure(bus.loop, bus.endpoint, {.credentials = credentials, .areCredentialsForTls = true}).cause,
            "Authentication failed: missing token [1.0]");
}

TEST(Dial, comesBackWithANewToken) {
  SampleBus bus(wantsNewToken);
  const auto connection = bus.connect(
      {.credentials = {{"auth_token", qi::dynamic(std::string("old"))}}, .more = [](const qi::CapabilityMap& asked) {
         return qi::CapabilityMap{{"auth_token", asked.at("auth_newToken")}};
       }});
  EXPECT_TRUE(connection->isReady());
}

TEST(Dial, tellsWhyItWasRefused) {
  SampleBus bus(wantsNewToken);
  const auto error =
      failure(bus.loop, bus.endpoint, {.credentials = {{"auth_token", qi::dynamic(std::string("guess"))}}});
  EXPECT_EQ(error.code, Code::notAuthenticated);
  EXPECT_EQ(error.cause, "Authentication failed: wrong token [1.0]");
  EXPECT_EQ(error.nextStep, "give the right user and token");
}

TEST(Dial, saysWhereNobodyListens) {
  Loop loop;
  std::optional<RawServer> server(loop);
  const auto endpoint = server->endpoint();
  server.reset();
  const auto error = failure(loop, endpoint);
  EXPECT_EQ(error.code, Code::unreachable);
  EXPECT_EQ(error.cause, "cannot reach " + endpoint.url() + ": Connection refused");
  EXPECT_EQ(error.nextStep, "check that a directory runs there: beckon-directory " + endpoint.url());
}

TEST(Dial, saysThatAHostHasNoAddress) {
  Loop loop;
  const auto error = failure(loop, {"no-such-host.invalid", 9559}, {.timeout = 8s});
  EXPECT_EQ(error.code, Code::unreachable);
  EXPECT_EQ(error.nextStep, "check the host's name");
}

TEST(Dial, givesUpOnAnEndpointThatNeverAnswers) {
  Loop loop;
  RawServer silent(loop);  // the kernel accepts for it
  const auto begun = std::chrono::steady_clock::now();
  const auto error = failure(loop, silent.endpoint(), {.authenticationTime = 100ms});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  EXPECT_EQ(error.code, Code::timedOut);
  EXPECT_EQ(error.cause, "127.0.0.1:" + std::to_string(silent.endpoint().port) + " did not authenticate in time");
  EXPECT_EQ(error.nextStep, "check that a qi directory or service listens there");
}

TEST(Dial, saysThatThePeerSpeaksSomethingElse) {
  Loop loop;
  RawServer server(loop);
  std::optional<run::Result<std::shared_ptr<Connection>>> result;
  boost::asio::co_spawn(loop.io, dial(loop.io, server.endpoint(), {}, run::silentLog()),
                        [&](std::exception_ptr, auto dialed) { result.emplace(std::move(dialed)); });
  auto peer = server.accept();
  const std::string greeting = "220 mail.example.org ESMTP\r\n";
  peer.send(qi::Bytes(greeting.begin(), greeting.end()));
  ASSERT_TRUE(loop.runUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->error().code, Code::protocolError);
  EXPECT_EQ(result->error().cause, "the peer does not speak the qi protocol (bad magic)");
}

TEST(Dial, saysThatThePeerHungUp) {
  Loop loop;
  RawServer server(loop);
  std::optional<run::Result<std::shared_ptr<Connection>>> result;
  boost::asio::co_spawn(loop.io, dial(loop.io, server.endpoint(), {}, run::silentLog()),
                        [&](std::exception_ptr, auto dialed) { result.emplace(std::move(dialed)); });
  auto peer = server.accept();
  peer.message();
  peer.close();
  ASSERT_TRUE(loop.runUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->error().code, Code::connectionLost);
}

}  // namespace
}  // namespace beckon::localbus
