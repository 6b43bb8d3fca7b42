#include "apps/beckond/settings.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace beckon::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::ofstream(folder.path() / "password") << "s3cret\n";
    std::filesystem::permissions(folder.path() / "password",
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  run::Result<Settings> read(const std::string& text) {
    std::ofstream(folder.path() / "robot.toml") << text;
    return readSettings(folder.path() / "robot.toml");
  }
  static inline const std::string account = "[xmpp]\naccount = 'nao1@robots.example'\npassword_file = 'password'\n";
  const test::TemporaryFolder folder;
};

TEST_F(SettingsTest, areSafeWhereTheFileSaysOnlyWhatItMust) {
  const auto settings = read(account).value();
  EXPECT_EQ(settings.stream.account.text(), "nao1@robots.example");
  EXPECT_EQ(settings.stream.password, "s3cret");
  EXPECT_EQ(settings.stream.resource, "beckond");
  EXPECT_EQ(settings.stream.host, "");
  EXPECT_EQ(settings.stream.port, 0);
  EXPECT_EQ(settings.stream.caFile, "");
  EXPECT_EQ(settings.bus.url(), "tcp://127.0.0.1:9559");
  EXPECT_EQ(settings.state, folder.path() / "state");
  EXPECT_TRUE(settings.policy.principals.empty());
}

TEST_F(SettingsTest, areWhatTheFileSays) {
  const auto settings = read(account +
                             "host = '127.0.0.1'\nport = 5333\nca_file = 'ca.pem'\n"
                             "[bus]\nlisten = 'tcp://127.0.0.1:1234'\n"
                             "[access]\nprincipals = ['Owner@Robots.Example', 'b@x']\n"
                             "[robot]\nstate = '/var/lib/beckon'\n")
                            .value();
  EXPECT_EQ(settings.stream.host, "127.0.0.1");
  EXPECT_EQ(settings.stream.port, 5333);
  EXPECT_EQ(settings.stream.caFile, (folder.path() / "ca.pem").string());
  EXPECT_EQ(settings.bus.url(), "tcp://127.0.0.1:1234");
  EXPECT_THAT(settings.policy.principals, ElementsAre("b@x", "owner@robots.example"));  // as senders are compared
  EXPECT_EQ(settings.state, "/var/lib/beckon");
}

TEST_F(SettingsTest, nameThePlaceOfWhatCannotBeUsed) {
  const auto problem = [this](const std::string& text) {
    const auto settings = read(text);
    EXPECT_EQ(settings.error().code, run::Code::invalidConfig);
    EXPECT_FALSE(settings.error().nextStep.empty());
    return settings.error().cause;
  };
  EXPECT_THAT(problem("[xmpp]\naccount = 'robots.example'\npassword_file = 'password'"),
              HasSubstr("line 2, column 11: \"xmpp.account\": not the address of an account"));
  EXPECT_THAT(problem("[xmpp]\naccount = 'nao1@robots.example/gw'\npassword_file = 'password'"),
              HasSubstr("line 2, column 11: \"xmpp.account\": not the address of an account"));
  EXPECT_THAT(problem("[xmpp]\naccount = '@@'\npassword_file = 'password'"), HasSubstr("line 2, column 11"));
  EXPECT_THAT(problem("[xmpp]\naccount = 'nao1@robots.example'"), HasSubstr("\"xmpp.password_file\" is missing"));
  EXPECT_THAT(problem(account + "port = 70000"), HasSubstr("line 4, column 8: \"xmpp.port\""));
  EXPECT_THAT(problem(account + "[bus]\nlisten = 'udp://x'"), HasSubstr("line 5, column 10: \"bus.listen\""));
  for (const char* principal : {"x", "a@x/phone", "*", "", "a b@x"})
    EXPECT_THAT(problem(account + "[access]\nprincipals = ['a@x', '" + principal + "']"),
                HasSubstr("line 5, column 14: \"access.principals\": \"" + std::string(principal) + "\""));
  EXPECT_THAT(problem(account + "[access]\nprincipal = ['a@x']"),
              HasSubstr("line 5, column 1: \"access.principal\" is not a key that is known here"));
}

}  // namespace
}  // namespace beckon::apps
