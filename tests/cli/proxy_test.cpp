#include "apps/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace beckon::apps {
namespace {

class ProxyOfTheEnvironment : public testing::Test {
 protected:
  ProxyOfTheEnvironment() { clear(); }
  ~ProxyOfTheEnvironment() override { clear(); }

  void set(const char* name, const char* value) { ::setenv(name, value, 1); }
  std::string to(const std::string& host) {
    const auto proxy = environmentsProxy(host).value();
    return proxy ? proxy->place.address : "";
  }

 private:
  void clear() {
    for (const auto* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"})
      ::unsetenv(name);
  }
};

TEST_F(ProxyOfTheEnvironment, isTakenAsOtherProgramsDo) {
  EXPECT_EQ(to("robots.test"), "");
  set("ALL_PROXY", "socks5://all.lab");
  EXPECT_EQ(to("robots.test"), "all.lab");
  set("https_proxy", "gate.lab:3128");
  EXPECT_EQ(to("robots.test"), "gate.lab");
}

TEST_F(ProxyOfTheEnvironment, isNotForThisComputerNorForWhatIsExcepted) {
  set("all_proxy", "socks5://gate.lab");
  set("no_proxy", "near.lab, .Test,10.0.0.0/8,2001:db8::/32");
  for (const auto* host :
       {"localhost", "127.0.0.1", "[::1]", "near.lab", "a.near.lab", "Robots.TEST", "10.1.2.3", "2001:db8::7"})
    EXPECT_EQ(to(host), "") << host;
  for (const auto* host : {"far.lab", "notnear.lab", "11.1.2.3", "2001:db9::7"})
    EXPECT_EQ(to(host), "gate.lab") << host;
  set("no_proxy", "*");
  EXPECT_EQ(to("far.lab"), "");
}

TEST_F(ProxyOfTheEnvironment, isNamedWhereItIsWrongButNotItsPassword) {
  set("all_proxy", "ftp://lab:hush@gate.lab");
  const auto proxy = environmentsProxy("robots.test");
  ASSERT_FALSE(proxy);
  EXPECT_EQ(proxy.error().code, run::Code::invalidConfig);
  EXPECT_THAT(proxy.error().cause, testing::HasSubstr("all_proxy"));
  EXPECT_THAT(proxy.error().cause + proxy.error().nextStep, testing::Not(testing::HasSubstr("hush")));
}

}  // namespace
}  // namespace beckon::apps
