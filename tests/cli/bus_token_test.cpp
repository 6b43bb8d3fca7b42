#include "apps/bus_token.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace beckon::apps {
namespace {

using testing::HasSubstr;
using Perms = std::filesystem::perms;

std::string text(const qi::CapabilityMap& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? "none" : *found->second.inner().as<std::string>();
}

class BusTokenTest : public testing::Test {
 protected:
  void write(const std::string& content, int mode = 0600) {
    std::ofstream(file) << content;
    std::filesystem::permissions(file, Perms(mode));
  }
  std::string content() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static qi::CapabilityMap asking(const std::string& token) {
    return {{"__qi_auth_state", qi::dynamic(std::uint32_t{2})}, {"auth_newToken", qi::dynamic(token)}};
  }
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "token";
};

TEST_F(BusTokenTest, givesUserAndTokenAsTheyTravel) {
  write("s3cret\r\n");
  const auto both = BusToken::open(file, "nao").value()->credentials();
  EXPECT_EQ(text(both, "auth_user"), "nao");
  EXPECT_EQ(text(both, "auth_token"), "s3cret");
  EXPECT_FALSE(BusToken::open(file, "").value()->credentials().contains("auth_user"));
}

TEST_F(BusTokenTest, refusesWhatIsNoPrivateFileOfOneToken) {
  const auto problem = [this] { return BusToken::open(file, "").error(); };
  EXPECT_EQ(problem().code, run::Code::invalidConfig);
  EXPECT_THAT(problem().cause, HasSubstr("cannot read"));
  write("s3cret", 0640);
  EXPECT_THAT(problem().cause, HasSubstr("can be read by others"));
  EXPECT_THAT(problem().nextStep, HasSubstr("chmod 600 "));
  for (const auto& wrong : {std::string("\n"), std::string(20'000, 'x')}) {
    write(wrong);
    EXPECT_THAT(problem().cause, HasSubstr("holds no token"));
  }
}

TEST_F(BusTokenTest, keepsANewTokenBeforeItIsUsed) {
  write("old\n");
  const auto token = BusToken::open(file, "nao").value();
  const auto link = folder.path() / "link";
  std::filesystem::create_symlink(file, link);
  const auto answer = BusToken::renewal(BusToken::open(link, "nao").value())(asking("new"));
  EXPECT_EQ(text(answer, "auth_user"), "nao");
  EXPECT_EQ(text(answer, "auth_token"), "new");
  EXPECT_EQ(content(), "new\n");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct ::stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".new"));
}

TEST_F(BusTokenTest, hasNothingMoreToSayWithoutANewToken) {
  write("old\n");
  const auto renewal = BusToken::renewal(BusToken::open(file, "").value());
  EXPECT_TRUE(renewal({{"__qi_auth_state", qi::dynamic(std::uint32_t{2})}}).empty());
  EXPECT_TRUE(renewal({{"auth_newToken", qi::dynamic(7)}}).empty());
  EXPECT_TRUE(renewal(asking("")).empty());
  EXPECT_EQ(content(), "old\n");
}

TEST_F(BusTokenTest, saysWhenANewTokenCannotBeKeptAndUsesIt) {
  write("old\n");
  std::filesystem::create_directories(file.string() + ".new/full");  // where it would be written
  const auto token = BusToken::open(file, "").value();
  std::string problem;
  token->onProblem([&](const run::Error& error) { problem = error.cause; });
  EXPECT_EQ(text(BusToken::renewal(token)(asking("fresh")), "auth_token"), "fresh");
  EXPECT_THAT(problem, HasSubstr("which is not kept"));
  EXPECT_THAT(problem, Not(HasSubstr("fresh")));
  EXPECT_EQ(text(token->credentials(), "auth_token"), "fresh");
  EXPECT_EQ(content(), "old\n");
}

}  // namespace
}  // namespace beckon::apps
