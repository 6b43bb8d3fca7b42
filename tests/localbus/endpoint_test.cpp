#include "localbus/endpoint.hpp"

#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

Endpoint parsed(std::string_view url) { return Endpoint::parse(url).value(); }

TEST(Endpoint, isReadFromItsUrl) {
  EXPECT_EQ(parsed("tcp://127.0.0.1:9600"), (Endpoint{"127.0.0.1", 9600}));
  EXPECT_EQ(parsed("tcp://nao.local:1"), (Endpoint{"nao.local", 1}));
  EXPECT_EQ(parsed("tcp://127.0.0.1:9600/"), (Endpoint{"127.0.0.1", 9600}));
  EXPECT_EQ(parsed("tcp://[::1]:80"), (Endpoint{"::1", 80}));
  EXPECT_EQ(parsed("tcp://127.0.0.1:0"), (Endpoint{"127.0.0.1", 0}));
}

TEST(Endpoint, hasTheDirectorysPortWhereNoneIsGiven) {
  EXPECT_EQ(parsed("tcp://robot").port, 9559);
  EXPECT_EQ(parsed("tcp://robot:").port, 9559);
}

TEST(Endpoint, mayBeAUnixSocketOrSpeakTls) {
  const auto socket = parsed("unix:///run/beckon/a%20b.sock");
  EXPECT_TRUE(socket.isUnix());
  EXPECT_EQ(socket.path, "/run/beckon/a b.sock");
  EXPECT_EQ(parsed("unix:///" + std::string(106, 'x')).path.size(), 107u);
  EXPECT_EQ(Endpoint::parse("unix:///" + std::string(107, 'x')).error().code, run::Code::invalidArgument);
  EXPECT_EQ(parsed("tcps://nao"), (Endpoint{"nao", 9503, Endpoint::Scheme::tcps}));
  EXPECT_TRUE(parsed("tcpsm://nao:1").isTls());
}

TEST(Endpoint, isWrittenAsItIsRead) {
  for (const char* url : {"tcp://127.0.0.1:9600", "tcp://nao.local:1", "tcp://[::1]:80", "tcps://nao:9503",
                          "tcpsm://[::1]:1", "unix:///run/beckon/a%20b.sock"})
    EXPECT_EQ(parsed(url).url(), url);
}

TEST(Endpoint, refusesEverythingElseWithTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "\"\" is not an address: it is not a URL"},
      {"127.0.0.1:9559", "\"127.0.0.1:9559\" is not an address: it is not a URL"},
      {"tcp://nao robot", "\"tcp://nao robot\" is not an address: it is not a URL"},
      {"nao:9559", "\"nao:9559\" is not an address: the scheme \"nao\" is not spoken here"},
      {"unix://host/a", "\"unix://host/a\" is not an address: it has to be unix:/// and a path"},
      {"unix:///", "\"unix:///\" is not an address: the path is missing"},
      {"unix:a", "\"unix:a\" is not an address: the path is missing"},
      {"qi:ALMotion", "\"qi:ALMotion\" is not an address: the scheme \"qi\" is not spoken here"},
      {"tcp://", "\"tcp://\" is not an address: the host is missing"},
      {"tcp://:9559", "\"tcp://:9559\" is not an address: the host is missing"},
      {"tcp:nao", "\"tcp:nao\" is not an address: the host is missing"},
      {"tcp://nao:65536", "\"tcp://nao:65536\" is not an address: the port is above 65535"},
      {"tcp://nao:9999999999", "\"tcp://nao:9999999999\" is not an address: the port is above 65535"},
      {"tcp://nao:9559/x", "\"tcp://nao:9559/x\" is not an address: nothing may follow the port"},
      {"tcp://nao:9559?x=1", "\"tcp://nao:9559?x=1\" is not an address: nothing may follow the port"},
      {"tcp://nao:9559#x", "\"tcp://nao:9559#x\" is not an address: nothing may follow the port"},
      {"tcp://me@nao:9559", "\"tcp://me@nao:9559\" is not an address: a user is not part of it"},
  };
  for (const auto& [url, cause] : cases) {
    const auto result = Endpoint::parse(url);
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().code, run::Code::invalidArgument) << url;
    EXPECT_EQ(result.error().cause, cause);
    EXPECT_EQ(
        result.error().nextStep,
        "write it as tcp://HOST:PORT, for example tcp://127.0.0.1:9559; tcps, tcpsm and unix:///PATH are possible too");
  }
}

TEST(Endpoint, knowsWhetherItLeavesTheComputer) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    EXPECT_TRUE((Endpoint{host, 1}.isLoopback())) << host;
  for (const char* host : {"192.168.1.2", "0.0.0.0", "fe80::1", "nao.local"})
    EXPECT_FALSE((Endpoint{host, 1}.isLoopback())) << host;
}

}  // namespace
}  // namespace beckon::localbus
