#include "apps/beckond/settings.hpp"

#include "tests/support/authority.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace beckon::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
  EXPECT_THAT(settings.policy->rules(), IsEmpty());
}

TEST_F(SettingsTest, nameTheOtherRobotsThatMayBeUsed) {
  EXPECT_THAT(read(account).value().others, IsEmpty());
  EXPECT_THAT(read(account + "[remote]\nrobots = ['nao2@x']\n").value().others,
              ElementsAre(xmpp::Jid::parse("nao2@x").value()));
  const auto itself = read(account + "[remote]\nrobots = ['nao1@robots.example']\n");
  EXPECT_THAT(itself.error().cause, HasSubstr("nao1@robots.example is this robot itself"));
  const auto nobody = read("[lan]\nlisten = 'tcps://127.0.0.1:0'\n[remote]\nrobots = ['nao2@x']\n");
  EXPECT_THAT(nobody.error().cause, HasSubstr("this robot has none"));
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
  EXPECT_THAT(settings.policy->accounts(), ElementsAre("b@x", "owner@robots.example"));  // as senders are compared
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

TEST_F(SettingsTest, takeThePolicyOfItsFileOrTheListOfAccountsButNotBoth) {
  const auto write = [&](const std::string& policy) { std::ofstream(folder.path() / "policy.toml") << policy; };
  const std::string file = account + "[policy]\nfile = 'policy.toml'\n";
  write("[[rule]]\nname = 'all'\nwho = 'a@x'\nmay = '*'\non = '*'\n");
  const auto settings = read(file).value();
  EXPECT_EQ(settings.policyFile, folder.path() / "policy.toml");
  EXPECT_THAT(settings.policy->accounts(), ElementsAre("a@x"));
  EXPECT_THAT(read(file + "[access]\nprincipals = ['b@x']\n").error().cause, HasSubstr("line 7, column 14"));
  write("[[rule]]\nname = 'all'\nwho = 'a@x'\nmay = 'fly'\non = '*'\n");
  const auto refused = read(file).error();
  EXPECT_THAT(refused.cause, HasSubstr("policy.toml, line 4, column 7: \"fly\""));
  EXPECT_EQ(refused.code, run::Code::invalidConfig);
}

TEST_F(SettingsTest, takeAUserAndTheFileOfATokenToAttachWith) {
  const auto settings = read(account + "[bus]\nattach = 'tcp://robot.example'\nuser = 'nao'\ntoken_file = 'password'");
  const auto credentials = settings.value().token->credentials();
  EXPECT_EQ(*credentials.at("auth_user").inner().as<std::string>(), "nao");
  EXPECT_EQ(*credentials.at("auth_token").inner().as<std::string>(), "s3cret");
  EXPECT_EQ(read(account + "[bus]\nattach = 'tcp://robot.example'").value().token, nullptr);

  const auto problem = [this](const std::string& text) { return read(account + "[bus]\n" + text).error().cause; };
  EXPECT_THAT(problem("token_file = 'password'"), HasSubstr("line 5, column 14: \"bus.token_file\": has no use with"));
  EXPECT_THAT(problem("attach = 'tcp://x'\nuser = 'nao'"),
              HasSubstr("line 6, column 8: \"bus.user\": is given without bus.token_file"));
  EXPECT_THAT(problem("attach = 'tcp://x'\ntoken_file = 'none'"),
              HasSubstr("line 6, column 14: \"bus.token_file\": cannot read "));
  std::filesystem::permissions(folder.path() / "password", std::filesystem::perms(0640));
  std::ofstream(folder.path() / "own") << "s3cret";
  const auto exposed = read(
      "[xmpp]\naccount = 'nao1@robots.example'\npassword_file = 'own'\n"
      "[bus]\nattach = 'tcp://x'\ntoken_file = 'password'");
  EXPECT_FALSE(exposed);
}

class TlsSettings : public SettingsTest {
 protected:
  TlsSettings() {
    authority.writeCertificate(folder.path() / "ca.pem");
    authority.issue("robot.example", folder.path() / "robot.pem", folder.path() / "robot.key");
  }
  run::Result<Settings> bus(const std::string& text) { return read(account + "[bus]\n" + text); }
  const test::Authority authority;
  static inline const std::string own = "certificate_file = 'robot.pem'\nkey_file = 'robot.key'\n";
};

TEST_F(TlsSettings, giveWhatTheAddressOfTheBusNeeds) {
  const auto listening = bus("listen = 'tcps://127.0.0.1'\n" + own).value();
  ASSERT_TRUE(listening.tls);
  EXPECT_TRUE(listening.tls->isServer());
  EXPECT_FALSE(listening.tls->verifies());
  EXPECT_TRUE(bus("listen = 'tcpsm://127.0.0.1'\nclient_ca_file = 'ca.pem'\n" + own).value().tls->verifies());
  const auto attached = bus("attach = 'tcps://robot.example'\nca_file = 'ca.pem'").value();
  ASSERT_TRUE(attached.tls);
  EXPECT_FALSE(attached.tls->isServer());
  EXPECT_TRUE(attached.tls->verifies());
  EXPECT_TRUE(bus("attach = 'tcps://robot.example'").value().tls->verifies());
  EXPECT_FALSE(bus("attach = 'tcps://robot.example'\ninsecure = true").value().tls->verifies());
  EXPECT_TRUE(bus("attach = 'tcpsm://robot.example'\nca_file = 'ca.pem'\n" + own).value().tls);
  EXPECT_FALSE(bus("attach = 'tcp://robot.example'").value().tls);
  EXPECT_FALSE(bus("listen = 'tcp://127.0.0.1'").value().tls);
}

TEST_F(TlsSettings, tellTheLineOfWhatTlsLacksOrCannotUse) {
  struct Wrong {
    std::string text;
    const char* cause;
  };
  std::filesystem::copy(folder.path() / "robot.key", folder.path() / "open.key");
  std::filesystem::permissions(folder.path() / "open.key", std::filesystem::perms(0644));
  const std::string tcps = "listen = 'tcps://127.0.0.1'\n", tcpsm = "listen = 'tcpsm://127.0.0.1'\n",
                    attach = "attach = 'tcps://robot.example'\n";
  const Wrong wrongs[]{
      {tcps, "robot.toml: \"bus.certificate_file\": is missing, and tcps://127.0.0.1:9503 needs it"},
      {tcps + "certificate_file = 'robot.pem'",
       "line 6, column 20: \"bus.certificate_file\": is given without bus.key_file"},
      {tcps + "key_file = 'robot.key'", "line 6, column 12: \"bus.key_file\": is given without bus.certificate_file"},
      {tcps + "certificate_file = 'robot.pem'\nkey_file = 'open.key'",
       "line 7, column 12: \"bus.key_file\": " /* FOLDER/open.key can be read by others */},
      {tcps + "certificate_file = 'none.pem'\nkey_file = 'robot.key'",
       "line 6, column 20: \"bus.certificate_file\": cannot read "},
      {tcps + own + "client_ca_file = 'ca.pem'",
       "line 8, column 18: \"bus.client_ca_file\": has no use on tcps://127.0.0.1:9503"},
      {tcps + own + "ca_file = 'ca.pem'", "line 8, column 11: \"bus.ca_file\": has no use with tcps://"},
      {tcps + own + "insecure = true", "line 8, column 12: \"bus.insecure\": has no use with tcps://"},
      {tcpsm + own, "\"bus.client_ca_file\": is missing, and tcpsm://127.0.0.1:9503 needs it"},
      {tcpsm + own + "client_ca_file = 'password'", "line 8, column 18: \"bus.client_ca_file\": "},
      {"listen = 'tcp://127.0.0.1'\n" + own, "line 6, column 20: \"bus.certificate_file\": has no use with tcp://"},
      {attach + "ca_file = 'none.pem'", "line 6, column 11: \"bus.ca_file\": cannot read "},
      {attach + "ca_file = 'ca.pem'\ninsecure = true",
       "line 7, column 12: \"bus.insecure\": makes bus.ca_file useless"},
      {attach + "insecure = 'yes'", "line 6, column 12: \"bus.insecure\" must be true or false"},
      {attach + "client_ca_file = 'ca.pem'", "line 6, column 18: \"bus.client_ca_file\": has no use with tcps://"},
      {"attach = 'tcpsm://robot.example'\nca_file = 'ca.pem'",
       "\"bus.certificate_file\": is missing, and tcpsm://robot.example:9503 needs it"},
  };
  for (const auto& [text, cause] : wrongs) {
    const auto settings = bus(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().code, run::Code::invalidConfig) << text;
    EXPECT_THAT(settings.error().cause, HasSubstr(cause)) << text;
    EXPECT_FALSE(settings.error().nextStep.empty()) << text;
  }
}

TEST_F(SettingsTest, tellWhatHasNoUseWithoutALanDoor) {
  for (const std::string line : {"name = 'rosie'", "announce = false", "certificate_file = 'c'\nkey_file = 'k'"}) {
    const auto settings = read(account + "[lan]\n" + line + "\n");
    ASSERT_FALSE(settings) << line;
    EXPECT_THAT(settings.error().cause,
                HasSubstr(line.substr(0, line.find(' ')) + "\": has no use without lan.listen"));
    EXPECT_THAT(settings.error().cause, HasSubstr("line 5"));
  }
}

TEST_F(SettingsTest, openALanDoorWithOrWithoutAnAccount) {
  const auto alone = read("[lan]\nlisten = 'tcps://0.0.0.0:9503'\n").value();
  EXPECT_FALSE(alone.hasAccount);
  ASSERT_TRUE(alone.lan);
  EXPECT_EQ(alone.lan->listen.url(), "tcps://0.0.0.0:9503");
  EXPECT_TRUE(alone.lan->isSelfSigned);
  EXPECT_TRUE(alone.lan->announces);
  EXPECT_FALSE(alone.lan->name.empty());
  const auto named = read("[lan]\nlisten = 'tcps://0.0.0.0'\nannounce = false\nname = 'Rosie in the hall'\n").value();
  EXPECT_FALSE(named.lan->announces);
  EXPECT_EQ(named.lan->name, "Rosie in the hall");
  EXPECT_EQ(alone.lan->own.key, folder.path() / "state" / "lan.key");
  const auto both =
      read(account + "[lan]\nlisten = 'tcps://0.0.0.0'\ncertificate_file = 'a.pem'\nkey_file = 'a.key'\n").value();
  EXPECT_TRUE(both.hasAccount);
  EXPECT_EQ(both.lan->listen.port, 9503);
  EXPECT_FALSE(both.lan->isSelfSigned);
  EXPECT_EQ(both.lan->own.key, folder.path() / "a.key");
  EXPECT_FALSE(read(account).value().lan);
  const auto problem = [this](const std::string& text) { return read(text).error().cause; };
  EXPECT_THAT(problem("[lan]\nlisten = 'tcp://0.0.0.0:9503'"), HasSubstr("line 2, column 10: \"lan.listen\""));
  for (const auto& name : {std::string(64, 'x'), std::string("a\\u0007")})
    EXPECT_THAT(problem("[lan]\nlisten = 'tcps://0.0.0.0'\nname = \"" + name + "\""),
                HasSubstr("\"lan.name\": cannot be"));
  EXPECT_THAT(problem("[lan]\nlisten = 'tcps://0.0.0.0'\nkey_file = 'a.key'"), HasSubstr("\"lan.key_file\": is given"));
  EXPECT_THAT(problem(account + "[lan]\ncertificate_file = 'a.pem'\nkey_file = 'a.key'"), HasSubstr("has no use"));
}

}  // namespace
}  // namespace beckon::apps
