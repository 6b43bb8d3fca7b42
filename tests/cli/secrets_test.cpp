#include "apps/cli/secrets.hpp"

#include <gtest/gtest.h>

namespace beckon::cli {
namespace {

TEST(WithoutSecrets, leavesEverythingElseAsItIs) {
  const std::string text =
      "# a comment\n[xmpp]\naccount = \"nao1@robots.example\"\npassword_file = \"password\"\n\nlast";
  EXPECT_EQ(withoutSecrets(text + "\n", {}), text + "\n");
}

TEST(WithoutSecrets, takesOutWhatIsCalledOne) {
  EXPECT_EQ(withoutSecrets("password = \"hunter2\"  # mine\nport = 1\n", {}), "password = (removed)\nport = 1\n");
  EXPECT_EQ(withoutSecrets("Bus.Auth_Token='abc'\n", {}), "Bus.Auth_Token= (removed)\n");
  EXPECT_EQ(withoutSecrets("client_secret = \"\"\"\nhunter2\n\"\"\"\nport = 1\n", {}),
            "client_secret = (removed)\nport = 1\n");
  EXPECT_EQ(withoutSecrets("secret = '''never closed\nhunter2\n", {}), "secret = (removed)\n");
  EXPECT_EQ(withoutSecrets("token =", {}), "token = (removed)\n");
}

TEST(WithoutSecrets, takesOutWhatLooksLikeOneWhereverItStands) {
  EXPECT_EQ(withoutSecrets("it says bkn_abcdefgh234567, and more\n", {}), "it says bkn_(removed), and more\n");
  EXPECT_EQ(withoutSecrets("a\n-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----\nb\n", {}),
            "a\n(removed)\nb\n");
  EXPECT_EQ(withoutSecrets("-----BEGIN PRIVATE KEY-----\nMHc=", {}), "(removed)");
}

TEST(WithoutSecrets, takesOutThoseThatAreKnown) {
  EXPECT_EQ(withoutSecrets("x hunter2 y hunter2\n", {"hunter2"}), "x (removed) y (removed)\n");
  EXPECT_EQ(withoutSecrets("the cat\n", {"", "cat"}), "the cat\n");
}

TEST(Secrets, doNotStayInTheAddressOfAProxy) {
  EXPECT_EQ(withoutSecrets("proxy = \"http://lab:hush@gate:3128\"\nurl = \"tcp://host:1/a@b\"\n", {}),
            "proxy = \"http://(removed)@gate:3128\"\nurl = \"tcp://host:1/a@b\"\n");
}

}  // namespace
}  // namespace beckon::cli
