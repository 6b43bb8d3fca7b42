#include "apps/cli/token_file.hpp"

#include "core/qi/convert.hpp"
#include "policy/token.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace beckon::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::filesystem;

class TokenFile : public testing::Test {
 protected:
  TokenFile() { ::unsetenv("BECKON_TOKEN_FILE"); }
  ~TokenFile() override { ::unsetenv("BECKON_TOKEN_FILE"); }
  std::string write(const std::string& content, perms mode = perms::owner_read | perms::owner_write) const {
    const auto file = folder.path() / "token";
    std::ofstream(file) << content;
    permissions(file, mode);
    return file.string();
  }
  run::Result<qi::CapabilityMap> credentials(const std::string& file, const char* url = "tcps://robot.example:9503") {
    Command command;
    command.tokenFile = file;
    const auto found = tokenFor(localbus::Endpoint::parse(url).value(), command);
    if (!found) return found.error();
    return *found ? (*found)->credentials() : qi::CapabilityMap();
  }
  static std::string tokenIn(const run::Result<qi::CapabilityMap>& credentials) {
    return qi::fromValue<std::string>(credentials.value().at("auth_token")).value();
  }
  const test::TemporaryFolder folder;
  const std::string token = policy::randomTokenText();
};

TEST_F(TokenFile, isShownAsAQiClientShowsIt) {
  for (const auto& content : {token, token + "\n", token + "\r\n", token + "\nnotes\n"}) {
    const auto shown = credentials(write(content));
    EXPECT_EQ(tokenIn(shown), token);
    EXPECT_TRUE(shown->contains("auth_user"));
  }
}

TEST_F(TokenFile, isNotNeeded) { EXPECT_TRUE(credentials("").value().empty()); }

TEST_F(TokenFile, isNotReadIfOthersMayReadIt) {
  const auto file = write(token, perms::owner_read | perms::owner_write | perms::group_read);
  const auto refused = credentials(file);
  EXPECT_EQ(refused.error().code, run::Code::invalidConfig);
  EXPECT_EQ(refused.error().nextStep, "chmod 600 " + file);
}

TEST_F(TokenFile, isNotShownWhereOthersOnTheWayCanReadIt) {
  const auto file = write(token);
  const auto refused = credentials(file, "tcp://robot.example:9559");
  EXPECT_EQ(refused.error().code, run::Code::invalidArgument);
  EXPECT_THAT(refused.error().nextStep, HasSubstr("tcps://"));
  EXPECT_EQ(tokenIn(credentials(file, "tcpsm://robot.example:9503")), token);
  EXPECT_EQ(tokenIn(credentials(file, "unix:///run/robot.sock")), token);
}

TEST_F(TokenFile, ofTheEnvironmentIsUsedWhereThereIsTlsAndNoOther) {
  ::setenv("BECKON_TOKEN_FILE", write(token).c_str(), 1);
  EXPECT_EQ(tokenIn(credentials("")), token);
  EXPECT_TRUE(credentials("", "tcp://127.0.0.1:9559").value().empty());
  ::setenv("BECKON_TOKEN_FILE", "/nowhere", 1);
  EXPECT_EQ(tokenIn(credentials((folder.path() / "token").string())), token);
  EXPECT_FALSE(credentials(""));
}

TEST_F(TokenFile, saysThatATokenWasCutWithoutRepeatingIt) {
  const auto refused = credentials(write(token.substr(0, 40)));
  EXPECT_EQ(refused.error().code, run::Code::invalidArgument);
  EXPECT_THAT(refused.error().cause, HasSubstr("was cut or mistyped"));
  EXPECT_THAT(refused.error().cause + refused.error().nextStep, Not(HasSubstr(token.substr(4, 8))));
  EXPECT_EQ(tokenIn(credentials(write("of-another-kind"))), "of-another-kind");
}

TEST_F(TokenFile, saysThatThereIsNoToken) {
  EXPECT_THAT(credentials(write("")).error().cause, HasSubstr("holds no token"));
  EXPECT_THAT(credentials(write(std::string(5000, 'x'))).error().cause, HasSubstr("holds no token"));
  EXPECT_THAT(credentials((folder.path() / "missing").string()).error().cause, HasSubstr("cannot read"));
}

}  // namespace
}  // namespace beckon::cli
