#include "xmpp/socks5.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace beckon::xmpp::socks5 {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

const Destination somewhere{"host.example", 5222};

TEST(Socks5, aClientAndAServerComeToTheSameDestination) {
  Client client(somewhere);
  Server server;
  std::string toServer = client.greeting(), toClient;
  while (server.wanted() > 0) {
    for (; server.wanted() > 0 && toServer.size() >= server.wanted();) {
      const auto size = server.wanted();
      toClient += server.take(std::string_view(toServer).substr(0, size)).value();
      toServer.erase(0, size);
    }
    if (server.wanted() == 0) break;
    ASSERT_GE(toClient.size(), client.wanted());
    const auto size = client.wanted();
    toServer += client.take(std::string_view(toClient).substr(0, size)).value();
    toClient.erase(0, size);
  }
  EXPECT_EQ(server.destination(), somewhere);
  toClient += server.answer(Answer::succeeded) + "what follows";
  while (client.wanted() > 0) {
    const auto size = client.wanted();
    ASSERT_GE(toClient.size(), size);
    EXPECT_EQ(client.take(std::string_view(toClient).substr(0, size)).value(), "");
    toClient.erase(0, size);
  }
  EXPECT_EQ(toClient, "what follows");
}

TEST(Socks5, theBytesAreThoseOfTheRfc) {
  Client client({"ab", 0x1234});
  EXPECT_EQ(client.greeting(), "\5\1\0"s);
  EXPECT_EQ(client.take("\5\0"s).value(), "\5\1\0\3\2ab\x12\x34"s);
  Server server;
  EXPECT_EQ(server.take("\5\3"s).value(), "");
  EXPECT_EQ(server.take("\2\0\1"s).value(), "\5\0"s);
  EXPECT_EQ(server.take("\5\1\0\3\2"s).value(), "");
  EXPECT_EQ(server.take("ab\0\0"s).value(), "");
  EXPECT_EQ(server.wanted(), 0u);
  EXPECT_EQ(server.answer(Answer::succeeded), "\5\0\0\3\2ab\0\0"s);
}

TEST(Socks5, aProxyMayAnswerWithAnAddressOfAnyType) {
  for (const auto& [head, size] : {std::pair("\5\0\0\1\x7f"s, 5u), {"\5\0\0\4\0"s, 17u}, {"\5\0\0\3\7"s, 9u}}) {
    Client client(somewhere);
    client.take("\5\0"s).value();
    client.take(head).value();
    EXPECT_EQ(client.wanted(), size);
    client.take(std::string(size, '\0')).value();
    EXPECT_EQ(client.wanted(), 0u);
  }
}

TEST(Socks5, aProxyThatSaysNoIsTold) {
  const auto refusal = [](const std::string& method, const std::string& head) {
    Client client(somewhere);
    const auto asked = client.take(method);
    return asked ? client.take(head).error() : asked.error();
  };
  EXPECT_EQ(refusal("\5\xff"s, "").code, run::Code::notAuthenticated);
  EXPECT_EQ(refusal("\5\2"s, "").code, run::Code::protocolError);
  EXPECT_EQ(refusal("HT"s, "").code, run::Code::protocolError);
  EXPECT_EQ(refusal("\5\0"s, "\4\0\0\1\0"s).code, run::Code::protocolError);
  EXPECT_EQ(refusal("\5\0"s, "\5\0\0\2\0"s).code, run::Code::protocolError);
  EXPECT_EQ(refusal("\5\0"s, "\5\2\0\1\0"s).code, run::Code::refused);
  EXPECT_THAT(refusal("\5\0"s, "\5\4\0\1\0"s).cause, HasSubstr("host.example: the host is out of reach"));
  EXPECT_EQ(refusal("\5\0"s, "\5\xc8\0\1\0"s).code, run::Code::unreachable);
}

TEST(Socks5, aHostThatHasNoPlaceInTheProtocolIsRefused) {
  for (const auto& host : {""s, std::string(longestHost + 1, 'a')})
    EXPECT_EQ(Client({host, 1}).take("\5\0"s).error().code, run::Code::invalidArgument);
  EXPECT_TRUE(Client({std::string(longestHost, 'a'), 1}).take("\5\0"s));
}

TEST(Socks5, aServerTakesNothingButAConnectionToAName) {
  const auto takes = [](std::initializer_list<std::string> pieces) {
    Server server;
    for (const auto& piece : pieces) {
      EXPECT_EQ(server.wanted(), piece.size());
      if (const auto taken = server.take(piece); !taken) {
        EXPECT_EQ(taken.error().code, run::Code::protocolError);
        return false;
      }
    }
    return true;
  };
  EXPECT_TRUE(takes({"\5\1"s, "\0"s, "\5\1\0\3\1"s, "a\0\0"s}));
  EXPECT_FALSE(takes({"\4\1"s}));
  EXPECT_FALSE(takes({"\5\0"s}));
  EXPECT_FALSE(takes({"\5\1"s, "\2"s}));
  EXPECT_FALSE(takes({"\5\1"s, "\0"s, "\5\2\0\3\1"s}));
  EXPECT_FALSE(takes({"\5\1"s, "\0"s, "\5\1\0\1\1"s}));
  EXPECT_FALSE(takes({"\5\1"s, "\0"s, "\5\1\0\3\0"s}));
  EXPECT_FALSE(takes({"\5\1"s, "\0"s, "\4\1\0\3\1"s}));
}

}  // namespace
}  // namespace beckon::xmpp::socks5
