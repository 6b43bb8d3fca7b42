#include "xmpp/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using testing::HasSubstr;
using testing::Not;

Proxy proxy(const std::string& url) { return Proxy::parse(url).value(); }

// What the handshake said in answer, each time that it was due.
std::vector<std::string> talk(ProxyHandshake& handshake, const std::vector<std::string>& answers) {
  std::vector<std::string> out{handshake.first().value()};
  for (const auto& answer : answers) out.push_back(handshake.receive(answer).value());
  return out;
}

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

TEST(ProxyTest, readsItsAddress) {
  const auto http = proxy("http://user:p%40ss@proxy.lab:8080");
  EXPECT_EQ(http.kind, Proxy::Kind::http);
  EXPECT_EQ(http.place, (Endpoint{"proxy.lab", 8080}));
  EXPECT_EQ(http.user, "user");
  EXPECT_EQ(http.password, "p@ss");
  EXPECT_EQ(proxy("http://proxy.lab").place.port, 3128);
  EXPECT_EQ(proxy("proxy.lab:8080").place, (Endpoint{"proxy.lab", 8080}));
  EXPECT_EQ(proxy("HTTP://proxy.lab").kind, Proxy::Kind::http);
  EXPECT_EQ(proxy("socks5://[::1]").place, (Endpoint{"::1", 1080}));
  EXPECT_EQ(proxy("socks5h://proxy.lab/").kind, Proxy::Kind::socks5);
}

TEST(ProxyTest, refusesWhatIsNoAddressAndDoesNotRepeatAPassword) {
  for (const auto* const url : {"", "ftp://proxy.lab", "https://proxy.lab", "http://", "http://user:hush@",
                                "http://h:0", "http://h:99999", "socks4://user:hush@h"}) {
    const auto read = Proxy::parse(url);
    ASSERT_FALSE(read) << url;
    EXPECT_EQ(read.error().code, run::Code::invalidArgument);
    EXPECT_THAT(read.error().cause + read.error().nextStep, Not(HasSubstr("hush")));
  }
}

TEST(ProxyTest, connectsByHttp) {
  ProxyHandshake handshake(proxy("http://proxy.lab"), "xmpp.robots.test", 443);
  const auto said = talk(handshake, {"HTTP/1.1 200 Connection est", "ablished\r\nVia: x\r\n\r\n"});
  EXPECT_EQ(said[0], "CONNECT xmpp.robots.test:443 HTTP/1.1\r\nHost: xmpp.robots.test:443\r\n\r\n");
  EXPECT_TRUE(handshake.done());
}

TEST(ProxyTest, showsUserAndPasswordByHttp) {
  const ProxyHandshake handshake(proxy("http://Aladdin:open%20sesame@proxy.lab"), "::1", 5222);
  EXPECT_EQ(*handshake.first(),
            "CONNECT [::1]:5222 HTTP/1.1\r\nHost: [::1]:5222\r\n"
            "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

TEST(ProxyTest, connectsBySocks5WithoutAndWithAPassword) {
  ProxyHandshake open(proxy("socks5://proxy.lab"), "x.test", 5222);
  const auto connect = bytes({5, 1, 0, 3, 6}) + "x.test" + bytes({0x14, 0x66});
  const auto reached = bytes({5, 0, 0, 1, 127, 0, 0, 1, 1, 2});
  EXPECT_EQ(talk(open, {bytes({5, 0}), reached}), (std::vector<std::string>{bytes({5, 1, 0}), connect, ""}));
  EXPECT_TRUE(open.done());

  ProxyHandshake closed(proxy("socks5://me:hush@proxy.lab"), "x.test", 5222);
  EXPECT_EQ(
      talk(closed, {bytes({5, 2}), bytes({1, 0}), bytes({5, 0, 0}), bytes({3, 2}) + "ab" + bytes({1, 2})}),
      (std::vector<std::string>{bytes({5, 2, 0, 2}), bytes({1, 2}) + "me" + bytes({4}) + "hush", connect, "", ""}));
  EXPECT_TRUE(closed.done());
}

struct Refusal {
  const char* url;
  std::string answer;
  run::Code code;
  const char* word;
};

TEST(ProxyTest, saysWhyItDoesNotLetOut) {
  const auto socks = bytes({5, 0});
  for (const auto& [url, answer, code, word] : {
           Refusal{"http://p", "HTTP/1.1 403 Filtered\r\n\r\n", run::Code::unreachable, "403 Filtered"},
           Refusal{"http://p", "HTTP/1.1 407 x\r\n\r\n", run::Code::notAuthenticated, "password"},
           Refusal{"http://p", "SSH-2.0-x\r\n\r\n", run::Code::protocolError, "something else"},
           Refusal{"http://p", std::string(9000, 'x'), run::Code::protocolError, "something else"},
           Refusal{"http://p", "HTTP/1.1 200 OK\r\n\r\n<", run::Code::protocolError, "something else"},
           Refusal{"socks5://p", bytes({5, 0xFF}), run::Code::notAuthenticated, "password"},
           Refusal{"socks5://p", bytes({5, 2}), run::Code::protocolError, "not offered"},
           Refusal{"socks5://u:x@p", bytes({5, 2, 1, 1}), run::Code::notAuthenticated, "password"},
           Refusal{"socks5://p", bytes({4, 0}), run::Code::protocolError, "SOCKS5"},
           Refusal{"socks5://p", socks + bytes({5, 2, 0, 1, 0}), run::Code::refused, "allow"},
           Refusal{"socks5://p", socks + bytes({5, 99, 0, 1, 0}), run::Code::unreachable, "reason of its own"},
           Refusal{"socks5://p", socks + bytes({5, 0, 0, 7, 0}), run::Code::protocolError, "unknown type"},
       }) {
    ProxyHandshake handshake(proxy(url), "x.test", 5222);
    ASSERT_TRUE(handshake.first());
    const auto next = handshake.receive(answer);
    ASSERT_FALSE(next) << url << " " << answer;
    EXPECT_EQ(next.error().code, code) << answer;
    EXPECT_THAT(next.error().cause, HasSubstr(word));
    EXPECT_FALSE(next.error().nextStep.empty());
  }
}

TEST(ProxyTest, asksForNothingThatCouldSayMoreThanAName) {
  for (const auto& host : {std::string("x\r\nEvil: 1"), std::string("a b"), std::string(300, 'x'), std::string()})
    EXPECT_FALSE(ProxyHandshake(proxy("http://p"), host, 5222).first()) << host;
}

}  // namespace
}  // namespace beckon::xmpp
