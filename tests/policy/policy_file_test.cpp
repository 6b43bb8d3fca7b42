#include "policy/policy_file.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <fstream>
#include <sstream>

namespace beckon::policy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class PolicyFileTest : public testing::Test {
 protected:
  PolicyFileTest() {
    write(ruleFor("a@x"));
    authority.emplace(PolicyFile::load(path).value());
    file.emplace(io, path, *authority, log, 10ms);
    file->start();
  }
  static std::string ruleFor(const std::string& who) {
    return "[[rule]]\nname = 'r'\nwho = '" + who + "'\nmay = '*'\non = '*'\n";
  }
  void write(const std::string& text) { std::ofstream(path) << text; }
  bool may(const std::string& who) { return !authority->view({who, {}, Door::iq})->isEmpty(); }
  template <class Condition>
  bool comes(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(100ms);
    }
    return condition();
  }
  bool comesInLog(const std::string& words) {
    return comes([&] { return lines.str().find(words) != std::string::npos; });
  }

  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "policy.toml";
  boost::asio::io_context io{1};
  std::ostringstream lines;
  run::Log log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(lines));
  std::optional<Authority> authority;
  std::optional<PolicyFile> file;
};

TEST_F(PolicyFileTest, takesEffectWhenItIsWrittenOrReplaced) {
  write(ruleFor("b@x"));
  EXPECT_TRUE(comes([&] { return may("b@x") && !may("a@x"); }));
  std::ofstream(folder.path() / "new.toml") << ruleFor("c@x");
  std::filesystem::rename(folder.path() / "new.toml", path);
  EXPECT_TRUE(comes([&] { return may("c@x") && !may("b@x"); }));
  EXPECT_THAT(lines.str(), HasSubstr("the policy is now version " + authority->current().version()));
}

TEST_F(PolicyFileTest, isRefusedAsAWholeWithLineAndColumnAndLeavesTheOldOneInForce) {
  const auto before = authority->current().version();
  write(ruleFor("b@x") + "[[rule]]\nname = 's'\nwho = 'c@x'\nmay = 'fly'\non = '*'\n");
  EXPECT_TRUE(comesInLog("line 9, column 7: \"fly\""));
  EXPECT_EQ(authority->current().version(), before);
  EXPECT_TRUE(may("a@x") && !may("b@x") && !may("c@x"));
  write(ruleFor("b@x").substr(0, 30));  // half of it
  EXPECT_TRUE(comesInLog("line 3, column"));
  EXPECT_TRUE(may("a@x"));
  write(ruleFor("b@x"));
  EXPECT_TRUE(comes([&] { return may("b@x"); }));
}

TEST_F(PolicyFileTest, staysWhenItsFileGoesAndIsReadWhenItIsBack) {
  std::filesystem::remove(path);
  EXPECT_TRUE(comesInLog("cannot read the policy"));
  EXPECT_TRUE(may("a@x"));
  write(ruleFor("b@x"));
  EXPECT_TRUE(comes([&] { return may("b@x"); }));
}

TEST_F(PolicyFileTest, isNotReadWhileItIsBeingWritten) {
  // Each look finds it other than the last one did.
  const auto end = std::chrono::steady_clock::now() + 200ms;
  for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
    write(ruleFor("b@x") + std::string(static_cast<std::size_t>(i), '\n'));  // times alone are coarse
    io.restart();
    io.run_one_for(10ms);
    EXPECT_TRUE(may("a@x"));
  }
  EXPECT_TRUE(comes([&] { return !may("a@x"); }));
}

TEST_F(PolicyFileTest, stops) {
  file->stop();
  io.restart();
  EXPECT_LT(io.run_for(1s), 2u);
  EXPECT_TRUE(io.stopped());
}

}  // namespace
}  // namespace beckon::policy
