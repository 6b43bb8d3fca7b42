#include "apps/cli/known_robots.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace beckon::cli {
namespace {

using testing::HasSubstr;

const std::string one = "SHA256:" + std::string(64, '1'), other = "SHA256:" + std::string(64, '2');

class KnownRobotsTest : public testing::Test {
 protected:
  KnownRobots open() const { return KnownRobots::open(file).value(); }

  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "not" / "there" / "known-robots";
};

TEST_F(KnownRobotsTest, areKeptByNameTheNewestKeyCounts) {
  auto known = open();
  EXPECT_FALSE(known.key("rosie"));
  ASSERT_TRUE(known.remember("rosie", one));
  ASSERT_TRUE(known.remember("rosie #2", other));
  EXPECT_EQ(open().key("rosie"), one);
  EXPECT_EQ(open().key("rosie #2"), other);
  ASSERT_TRUE(known.remember("rosie", other));
  EXPECT_EQ(open().key("rosie"), other);
  EXPECT_EQ(open().key("rosie #2"), other);
  EXPECT_FALSE(open().key("ros"));
}

TEST_F(KnownRobotsTest, saysWhichLineCannotBeRead) {
  std::filesystem::create_directories(file.parent_path());
  for (const auto* line : {"rosie", "SHA256:12 rosie", "rosie SHA256:12", ""}) {
    std::ofstream(file) << one << " fine\n" << line << "\n";
    const auto read = KnownRobots::open(file);
    ASSERT_FALSE(read) << line;
    EXPECT_THAT(read.error().cause, HasSubstr(":2: not a key and a robot's name"));
  }
}

TEST_F(KnownRobotsTest, thatCannotBeKeptAreAnError) {
  std::ofstream(folder.path() / "not") << "a file where a folder should be";
  auto known = open();
  EXPECT_EQ(known.remember("rosie", one).error().code, run::Code::invalidConfig);
}

}  // namespace
}  // namespace beckon::cli
