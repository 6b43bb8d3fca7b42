#include "core/run/config.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace beckon::run {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class ConfigTest : public testing::Test {
 protected:
  fs::path path() const { return folder.path() / "robot.toml"; }
  Result<ConfigFile> tryOpen(const std::string& text) {
    std::ofstream(path()) << text;
    return ConfigFile::open(path());
  }
  ConfigFile open(const std::string& text) { return tryOpen(text).value(); }
  std::string at(int line, int column) const {
    return path().string() + ", line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
  }
  void write(const std::string& name, const std::string& content, fs::perms perms) {
    std::ofstream(folder.path() / name) << content;
    fs::permissions(folder.path() / name, perms);
  }
  // What asking does to a file of that text.
  template <class Ask>
  std::string problem(const std::string& text, Ask ask) {
    auto file = open(text);
    ask(file);
    const auto finished = file.finish();
    if (finished) return "none";
    EXPECT_EQ(finished.error().code, Code::invalidConfig);
    EXPECT_FALSE(finished.error().nextStep.empty());
    return finished.error().cause;
  }

  static constexpr auto mine = fs::perms::owner_read | fs::perms::owner_write;
  const test::TemporaryFolder folder;
};

TEST_F(ConfigTest, givesWhatIsWrittenAndFallbacksForTheRest) {
  auto file = open(
      "robots = ['a@x', 'b@x']\n[xmpp]\naccount = 'nao@x'\nport = 5333\nca = 'ca/root.pem'\nother = '/etc/x.pem'\n");
  EXPECT_EQ(file.text("xmpp.account"), "nao@x");
  EXPECT_EQ(file.textOr("xmpp.account", "none"), "nao@x");
  EXPECT_EQ(file.textOr("xmpp.host", "none"), "none");
  EXPECT_EQ(file.integerOr("xmpp.port", 1, 1, 65535), 5333);
  EXPECT_EQ(file.integerOr("bus.port", 9559, 1, 65535), 9559);
  EXPECT_THAT(file.textsOr("robots", {}), ElementsAre("a@x", "b@x"));
  EXPECT_THAT(file.textsOr("others", {"c@x"}), ElementsAre("c@x"));
  EXPECT_EQ(file.pathOr("xmpp.ca", {}), folder.path() / "ca/root.pem");  // beside the file, wherever we stand
  EXPECT_EQ(file.pathOr("xmpp.other", {}), "/etc/x.pem");
  EXPECT_EQ(file.pathOr("robot.state", "fallback"), "fallback");
  EXPECT_TRUE(file.finish());
}

TEST_F(ConfigTest, namesFileLineAndColumnOfWhateverIsWrong) {
  const auto text = [](ConfigFile& file) { file.text("xmpp.account"); };
  const auto port = [](ConfigFile& file) { file.integerOr("xmpp.port", 1, 1, 65535); };
  const auto robots = [](ConfigFile& file) { file.textsOr("robots", {}); };
  EXPECT_EQ(problem("\n[xmpp]\naccount = 5", text), at(3, 11) + "\"xmpp.account\" must be a text that is not empty");
  EXPECT_EQ(problem("xmpp.account = ''", text), at(1, 16) + "\"xmpp.account\" must be a text that is not empty");
  EXPECT_EQ(problem("a = 1\n[xmpp]\nb = 2", text), at(2, 1) + "\"xmpp.account\" is missing");
  EXPECT_EQ(problem("a = 1", text), at(1, 1) + "\"xmpp.account\" is missing");
  for (const char* wrong : {"'5222'", "5222.0", "0", "65536", "-1", "true"})
    EXPECT_EQ(problem(std::string("[xmpp]\nport = ") + wrong, port),
              at(2, 8) + "\"xmpp.port\" must be a number from 1 to 65535");
  EXPECT_EQ(problem("robots = 'a@x'", robots), at(1, 10) + "\"robots\" must be a list of texts");
  EXPECT_EQ(problem("robots = ['a@x',\n  7]", robots), at(2, 3) + "\"robots\" must be a list of texts");
  const auto reject = [](ConfigFile& file) { file.reject("bus.listen", "not an address", "write tcp://"); };
  EXPECT_EQ(problem("[bus]\nlisten = 'x'", reject), at(2, 10) + "\"bus.listen\": not an address");
}

TEST_F(ConfigTest, namesThePlaceOfAnErrorInTheSyntax) {
  const auto file = tryOpen("[xmpp]\naccount = nao@x\n");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::invalidConfig);
  EXPECT_THAT(file.error().cause, StartsWith(path().string() + ", line 2, column "));
}

TEST_F(ConfigTest, saysThatAFileCannotBeRead) {
  for (const auto& unreadable : {folder.path() / "absent.toml", folder.path()}) {
    const auto file = ConfigFile::open(unreadable);
    ASSERT_FALSE(file) << unreadable;
    EXPECT_EQ(file.error().code, Code::invalidConfig);
    EXPECT_EQ(file.error().cause, "cannot read " + unreadable.string());
  }
}

TEST_F(ConfigTest, tellsTheFirstKeyThatNobodyKnows) {
  const auto ask = [](ConfigFile& file) { file.textOr("xmpp.host", ""); };
  EXPECT_EQ(problem("[xmpp]\nhost = 'h'\n", ask), "none");
  // In the order of the file, not of the alphabet.
  EXPECT_EQ(problem("[xmpp]\nzeal = 1\nhost = 'h'\ncolour = 1\n[a]\nb = 1", ask),
            at(2, 1) + "\"xmpp.zeal\" is not a key that is known here");
  EXPECT_EQ(problem("xmpp = 3", ask), at(1, 1) + "\"xmpp\" is not a key that is known here");
  EXPECT_EQ(problem("[[xmpp]]\nhost = 'h'", ask), at(1, 3) + "\"xmpp\" is not a key that is known here");
  EXPECT_EQ(problem("\"xmpp.host\" = 'h'", ask), at(1, 1) + "\"xmpp.host\" is not a key that is known here");
  EXPECT_EQ(problem("[xmmp]\n", ask), at(1, 2) + "\"xmmp\" is not a key that is known here");
}

TEST_F(ConfigTest, tellsTheFirstProblemOfThoseThatAskAndThenUnknownKeys) {
  EXPECT_EQ(problem("unknown = 1\nb = 1\na = 1",
                    [](ConfigFile& file) {
                      file.textOr("a", "");
                      file.textOr("b", "");
                      file.reject("b", "too late", "x");
                      file.text("missing");
                    }),
            at(3, 5) + "\"a\" must be a text that is not empty");
}

TEST_F(ConfigTest, takesASecretOnlyFromAFileOfOurOwn) {
  write("password", "s3cret \n", mine);
  const auto ask = [](ConfigFile& file) { file.secret("password_file"); };
  const std::string text = "\npassword_file = 'password'";
  auto file = open(text);
  EXPECT_EQ(file.secret("password_file"), "s3cret ");  // only the newline is not part of it
  EXPECT_TRUE(file.finish());
  const auto name = (folder.path() / "password").string();
  for (const auto others :
       {fs::perms::group_read, fs::perms::group_write, fs::perms::others_read, fs::perms::others_exec}) {
    write("password", "s3cret", mine | others);
    auto readable = open(text);
    EXPECT_EQ(readable.secret("password_file"), "");
    EXPECT_EQ(problem(text, ask), at(2, 17) + "\"password_file\": " + name + " can be read by others");
  }
  write("password", "s3cret", fs::perms::owner_read);
  EXPECT_EQ(problem(text, ask), "none");
  write("password", "\n", mine);
  EXPECT_EQ(problem(text, ask), at(2, 17) + "\"password_file\": " + name + " is empty or cannot be read");
  fs::remove(name);
  EXPECT_EQ(problem(text, ask), at(2, 17) + "\"password_file\": there is no file " + name);
  EXPECT_EQ(problem("a = 1", ask), at(1, 1) + "\"password_file\" is missing");
}

TEST_F(ConfigTest, neverShowsASecret) {
  write("password", "s3cret", fs::perms::all);
  EXPECT_THAT(problem("password_file = 'password'", [](ConfigFile& file) { file.secret("password_file"); }),
              Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace beckon::run
