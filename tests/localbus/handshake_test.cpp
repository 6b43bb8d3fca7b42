#include "localbus/handshake.hpp"

#include "core/qi/convert.hpp"
#include "core/qi/error_payload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

using qi::CapabilityMap;
using qi::MessageType;
using testing::Contains;
using testing::Key;
using testing::Not;

constexpr qi::Address authenticateAddress{0, 0, 8};

// A message with a payload of its own.
struct Letter {
  qi::Header header;
  qi::Bytes payload;
  qi::Message view() const { return {header, payload}; }
};

Letter letter(MessageType type, qi::Address address, qi::Bytes payload = {}) {
  return {{77, static_cast<std::uint32_t>(payload.size()), 0, type, 0, address}, std::move(payload)};
}
Letter authenticate(const CapabilityMap& map) {
  return letter(MessageType::call, authenticateAddress, qi::encode(map));
}
CapabilityMap mapOf(const Outgoing& message) { return qi::decode<CapabilityMap>(message.payload).value(); }
std::uint32_t stateIn(const CapabilityMap& map) {
  return qi::fromValue<std::uint32_t>(map.at("__qi_auth_state")).value();
}
std::string textOf(const Outgoing& message) { return qi::decodeErrorText(message.payload); }
std::string text(const qi::Value& value) { return qi::fromValue<std::string>(value).value(); }

// Lets in whoever says "token": "secret".
AuthDecision wantsSecret(const CapabilityMap& credentials) {
  const auto token = credentials.find("token");
  if (token == credentials.end()) return {AuthDecision::State::refused, {}, "missing token"};
  if (text(token->second) != "secret") return {AuthDecision::State::refused, {}, "wrong token"};
  return {};
}

struct Server {
  explicit Server(Authenticator authenticator = {}) : handshake(std::move(authenticator), capabilities) {}
  ServerHandshake::Step receive(const Letter& message) { return handshake.receive(message.view()); }
  qi::Capabilities capabilities{qi::ownCapabilities()};
  ServerHandshake handshake;
};

struct Client {
  explicit Client(CapabilityMap credentials = {}, CredentialSource more = {})
      : handshake(std::move(credentials), std::move(more), capabilities) {}
  ClientHandshake::Step receive(const Letter& message) { return handshake.receive(message.view()); }
  ClientHandshake::Step receive(const CapabilityMap& map) {
    return receive(letter(MessageType::reply, authenticateAddress, qi::encode(map)));
  }
  qi::Capabilities capabilities{qi::ownCapabilities()};
  ClientHandshake handshake;
};

TEST(ServerHandshake, letsEverybodyInWithoutAnAuthenticator) {
  Server server;
  const auto step = server.receive(authenticate({}));
  ASSERT_TRUE(step.send);
  EXPECT_FALSE(step.close);
  EXPECT_TRUE(server.handshake.done());
  EXPECT_EQ(step.send->type, MessageType::reply);
  EXPECT_EQ(step.send->address, authenticateAddress);
  EXPECT_EQ(step.send->answers, 77u);
  const auto map = mapOf(*step.send);
  EXPECT_EQ(stateIn(map), 3u);
  for (const auto& [name, value] : qi::ownCapabilities()) EXPECT_THAT(map, Contains(Key(name)));
}

TEST(ServerHandshake, keepsWhatTheClientCanDo) {
  Server server;
  auto map = qi::ownCapabilities();
  map["MessageFlags"] = qi::dynamic(false);
  server.receive(authenticate(map));
  EXPECT_TRUE(server.capabilities.shared("ObjectPtrUID"));
  EXPECT_FALSE(server.capabilities.remote("MessageFlags"));
}

TEST(ServerHandshake, showsTheAuthenticatorTheCredentialsWithoutTheirPrefix) {
  CapabilityMap seen;
  Server server([&](const CapabilityMap& credentials) {
    seen = credentials;
    return AuthDecision{};
  });
  auto map = qi::ownCapabilities();
  map["auth_user"] = qi::dynamic(std::string("nao"));
  map["auth_token"] = qi::dynamic(std::string("secret"));
  server.receive(authenticate(map));
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(text(seen.at("user")), "nao");
  EXPECT_EQ(text(seen.at("token")), "secret");
}

TEST(ServerHandshake, letsInWithTheRightToken) {
  Server server(wantsSecret);
  const auto step = server.receive(authenticate({{"auth_token", qi::dynamic(std::string("secret"))}}));
  EXPECT_EQ(stateIn(mapOf(*step.send)), 3u);
  EXPECT_TRUE(server.handshake.done());
}

TEST(ServerHandshake, refusesWithTheReasonInLibqisWordsAndCloses) {
  const std::pair<CapabilityMap, const char*> cases[] = {
      {{}, "Authentication failed: missing token [1.0]"},
      {{{"auth_token", qi::dynamic(std::string("guess"))}}, "Authentication failed: wrong token [1.0]"},
  };
  for (const auto& [map, refusal] : cases) {
    Server server(wantsSecret);
    const auto step = server.receive(authenticate(map));
    EXPECT_EQ(step.send->type, MessageType::error);
    EXPECT_EQ(step.send->answers, 77u);
    EXPECT_EQ(textOf(*step.send), refusal);
    EXPECT_TRUE(step.close);
    EXPECT_FALSE(server.handshake.done());
  }
}

TEST(ServerHandshake, asksForAnotherRoundAndSendsCapabilitiesOnlyInTheFirst) {
  int rounds = 0;
  Server server([&](const CapabilityMap&) {
    AuthDecision decision;
    if (++rounds == 1)
      decision = {AuthDecision::State::more, {{"auth_newToken", qi::dynamic(std::string("next"))}}, {}};
    return decision;
  });
  const auto first = server.receive(authenticate(qi::ownCapabilities()));
  const auto firstMap = mapOf(*first.send);
  EXPECT_EQ(stateIn(firstMap), 2u);
  EXPECT_EQ(text(firstMap.at("auth_newToken")), "next");
  EXPECT_THAT(firstMap, Contains(Key("MessageFlags")));
  EXPECT_FALSE(server.handshake.done());

  const auto second = server.receive(authenticate({{"auth_token", qi::dynamic(std::string("next"))}}));
  const auto secondMap = mapOf(*second.send);
  EXPECT_EQ(stateIn(secondMap), 3u);
  EXPECT_EQ(secondMap.size(), 1u);
  EXPECT_TRUE(server.handshake.done());
}

TEST(ServerHandshake, answersASecondAuthenticationWithTheStateAlone) {
  Server server(wantsSecret);
  server.receive(authenticate({{"auth_token", qi::dynamic(std::string("secret"))}}));
  const auto step = server.receive(authenticate({}));
  EXPECT_FALSE(step.close);
  EXPECT_EQ(mapOf(*step.send).size(), 1u);
  EXPECT_EQ(stateIn(mapOf(*step.send)), 3u);
}

TEST(ServerHandshake, closesOnAMapThatCannotBeRead) {
  Server server;
  const auto step = server.receive(letter(MessageType::call, authenticateAddress, {5, 0, 0, 0}));
  EXPECT_FALSE(step.send);
  EXPECT_TRUE(step.close);
  EXPECT_FALSE(server.handshake.done());
  EXPECT_TRUE(Server().receive(letter(MessageType::capability, {}, {5, 0, 0, 0})).close);
}

TEST(ServerHandshake, takesTheHelloOfAPeerFromBeforeAuthentication) {
  Server server;
  const auto step = server.receive(letter(MessageType::call, {0, 0, 4}));
  EXPECT_EQ(step.send->type, MessageType::capability);
  EXPECT_EQ(step.send->address, qi::Address{});
  EXPECT_EQ(step.send->answers, 0u);
  EXPECT_EQ(mapOf(*step.send).size(), qi::ownCapabilities().size());
  EXPECT_TRUE(server.handshake.done());
}

TEST(ServerHandshake, refusesThatHelloWhereItAuthenticates) {
  Server server(wantsSecret);
  const auto step = server.receive(letter(MessageType::call, {0, 0, 4}));
  EXPECT_EQ(textOf(*step.send),
            "Expected authentication (service #0, type #Call, action #8), received service #0, type #Call, action #4");
  EXPECT_TRUE(step.close);
  EXPECT_FALSE(server.handshake.done());
}

TEST(ServerHandshake, handlesNoCallBeforeItIsDone) {
  Server server;
  const auto step = server.receive(letter(MessageType::call, {1, 1, 108}));
  EXPECT_EQ(step.send->type, MessageType::error);
  EXPECT_EQ(step.send->address, (qi::Address{1, 1, 108}));
  EXPECT_EQ(textOf(*step.send), "The call request could not be handled.");
  EXPECT_FALSE(step.close);
  EXPECT_FALSE(server.handshake.done());
  EXPECT_FALSE(server.receive(letter(MessageType::post, {1, 1, 108})).send);
}

TEST(ServerHandshake, isNotDoneByCapabilitiesAlone) {
  Server server;
  const auto step = server.receive(letter(MessageType::capability, {}, qi::encode(qi::ownCapabilities())));
  EXPECT_FALSE(step.send);
  EXPECT_FALSE(step.close);
  EXPECT_FALSE(server.handshake.done());
  EXPECT_TRUE(server.capabilities.remote("MessageFlags"));
}

TEST(ServerHandshake, answersOtherCallsToServiceZeroOnceDone) {
  Server server;
  server.receive(authenticate({}));
  const auto step = server.receive(letter(MessageType::call, {0, 0, 4}));
  ASSERT_TRUE(step.send);
  EXPECT_EQ(textOf(*step.send), "The call request could not be handled.");
  EXPECT_FALSE(server.receive(letter(MessageType::post, {0, 0, 4})).send);
}

TEST(ClientHandshake, beginsWithItsCapabilitiesAndCredentials) {
  Client client({{"auth_user", qi::dynamic(std::string("nao"))}});
  const auto message = client.handshake.begin();
  EXPECT_EQ(message.type, MessageType::call);
  EXPECT_EQ(message.address, authenticateAddress);
  const auto map = mapOf(message);
  EXPECT_EQ(text(map.at("auth_user")), "nao");
  EXPECT_THAT(map, Contains(Key("ClientServerSocket")));
}

TEST(ClientHandshake, isDoneWhenTheServerSaysSo) {
  Client client;
  auto map = qi::ownCapabilities();
  map["__qi_auth_state"] = qi::dynamic(std::uint32_t{3});
  const auto step = client.receive(map);
  EXPECT_FALSE(step.send);
  EXPECT_FALSE(step.failed);
  EXPECT_TRUE(client.handshake.done());
  EXPECT_TRUE(client.capabilities.shared("ObjectPtrUID"));
}

TEST(ClientHandshake, takesTheStateInAnyIntegerType) {
  for (const auto& state : {qi::dynamic(std::int32_t{3}), qi::dynamic(std::uint8_t{3}), qi::dynamic(std::int64_t{3})}) {
    Client client;
    EXPECT_FALSE(client.receive(CapabilityMap{{"__qi_auth_state", state}}).failed);
    EXPECT_TRUE(client.handshake.done());
  }
}

TEST(ClientHandshake, goesAnotherRoundWithCredentialsAlone) {
  CapabilityMap asked;
  Client client({}, [&](const CapabilityMap& map) {
    asked = map;
    return CapabilityMap{{"auth_token", map.at("auth_newToken")}};
  });
  const auto step = client.receive(CapabilityMap{{"__qi_auth_state", qi::dynamic(std::uint32_t{2})},
                                                 {"auth_newToken", qi::dynamic(std::string("next"))}});
  ASSERT_TRUE(step.send);
  EXPECT_FALSE(client.handshake.done());
  const auto map = mapOf(*step.send);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(text(map.at("auth_token")), "next");
  EXPECT_FALSE(client.receive(CapabilityMap{{"__qi_auth_state", qi::dynamic(std::uint32_t{3})}}).failed);
  EXPECT_TRUE(client.handshake.done());
}

TEST(ClientHandshake, saysThatCredentialsAreMissingWhereItHasNone) {
  Client client;
  const auto step = client.receive(CapabilityMap{{"__qi_auth_state", qi::dynamic(std::uint32_t{2})}});
  ASSERT_TRUE(step.failed);
  EXPECT_EQ(step.failed->code, run::Code::notAuthenticated);
  EXPECT_EQ(step.failed->cause, "the peer wants credentials that were not given");
}

TEST(ClientHandshake, tellsTheServersRefusal) {
  Client client;
  const auto step = client.receive(
      letter(MessageType::error, authenticateAddress, qi::encodeErrorText("Authentication failed: wrong token [1.0]")));
  ASSERT_TRUE(step.failed);
  EXPECT_EQ(step.failed->code, run::Code::notAuthenticated);
  EXPECT_EQ(step.failed->cause, "Authentication failed: wrong token [1.0]");
  EXPECT_FALSE(client.handshake.done());
}

TEST(ClientHandshake, goesOnWithItsCapabilitiesWhereAuthenticationIsNotKnown) {
  const auto unknown = letter(MessageType::error, authenticateAddress, qi::encodeErrorText("No such method: 8"));
  Client client;
  const auto step = client.receive(unknown);
  ASSERT_TRUE(step.send);
  EXPECT_EQ(step.send->type, MessageType::capability);
  EXPECT_EQ(step.send->payload, qi::encode(qi::ownCapabilities()));
  EXPECT_TRUE(client.handshake.done());
  // Whoever gives credentials wants them looked at.
  EXPECT_TRUE(Client({{"auth_token", qi::dynamic(std::string("t"))}}).receive(unknown).failed);
}

TEST(ClientHandshake, isNotAskedForMoreWithoutEnd) {
  int rounds = 0;
  Client client({}, [&](const CapabilityMap&) {
    ++rounds;
    return CapabilityMap{{"auth_token", qi::dynamic(std::string("again"))}};
  });
  const CapabilityMap more{{"__qi_auth_state", qi::dynamic(std::uint32_t{2})}};
  ClientHandshake::Step step;
  for (int i = 0; i < 10 && !step.failed; ++i) step = client.receive(more);
  ASSERT_TRUE(step.failed);
  EXPECT_EQ(step.failed->code, run::Code::notAuthenticated);
  EXPECT_EQ(rounds, 4);
}

TEST(ClientHandshake, saysThatCredentialsAreMissingWhereTheirSourceHasNoMore) {
  Client client({}, [](const CapabilityMap&) { return CapabilityMap(); });
  EXPECT_TRUE(client.receive(CapabilityMap{{"__qi_auth_state", qi::dynamic(std::uint32_t{2})}}).failed);
}

TEST(ClientHandshake, refusesAnAnswerThatCannotBeRead) {
  Client client;
  const auto step = client.receive(letter(MessageType::reply, authenticateAddress, {1, 2, 3}));
  ASSERT_TRUE(step.failed);
  EXPECT_EQ(step.failed->code, run::Code::protocolError);
}

TEST(ClientHandshake, isNotDoneWithoutAState) {
  Client client;
  EXPECT_TRUE(client.receive(qi::ownCapabilities()).failed);
  EXPECT_TRUE(Client().receive(CapabilityMap{{"__qi_auth_state", qi::dynamic(std::string("3"))}}).failed);
  EXPECT_TRUE(Client().receive(CapabilityMap{{"__qi_auth_state", qi::dynamic(std::uint32_t{1})}}).failed);
}

}  // namespace
}  // namespace beckon::localbus
