#include "core/run/private_file.hpp"

#include "tests/core/kept_file.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

namespace beckon::run {
namespace {

using test::contentOf;
using test::modeOf;

auto files(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

TEST(PrivateFile, isExposedByAnyRightOfOthers) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "secret";
  EXPECT_FALSE(exposure(file)) << "what is not there";
  std::ofstream(file) << "x";
  for (const ::mode_t mode : {0600u, 0400u}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_FALSE(exposure(file)) << mode;
  }
  for (const ::mode_t mode : {0640u, 0604u, 0620u, 0601u}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    const auto why = exposure(file);
    ASSERT_TRUE(why) << mode;
    EXPECT_EQ(why->code, Code::invalidConfig);
    EXPECT_EQ(why->cause, file.string() + " can be read by others");
    EXPECT_EQ(why->nextStep, "chmod 600 " + file.string());
  }
}

TEST(PrivateFile, holdsWhatWasWrittenAndNothingElse) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "secret";
  const std::string long_(300000, 'x'), binary("a\0b\n", 4);
  for (const auto& text : {std::string("first"), long_, binary, std::string()}) {
    ASSERT_TRUE(writePrivately(file, text));
    EXPECT_EQ(contentOf(file), text);
  }
  EXPECT_EQ(files(folder.path()), 1);
}

TEST(PrivateFile, isOpenToNobodyElseWhateverWasThere) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "secret";
  std::ofstream(file) << "old";
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  const auto before = ::umask(0);
  const bool isWritten = writePrivately(file, "new").has_value();
  ::umask(before);
  ASSERT_TRUE(isWritten);
  EXPECT_EQ(modeOf(file), 0600u);
  EXPECT_EQ(contentOf(file), "new");
  EXPECT_EQ(files(folder.path()), 1);
}

TEST(PrivateFile, staysAsItIsOnAFullDisk) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "secret";
  ASSERT_TRUE(writePrivately(file, "old"));
  {
    const test::SmallDisk disk(1000);
    const auto written = writePrivately(file, std::string(5000, 'x'));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Code::invalidConfig);
    EXPECT_EQ(written.error().cause, "cannot write " + file.string() + ": File too large");
    EXPECT_FALSE(written.error().nextStep.empty());
    EXPECT_FALSE(writePrivately(folder.path() / "another", std::string(5000, 'x')));
    EXPECT_TRUE(writePrivately(folder.path() / "small", std::string(1000, 'x')));
  }
  EXPECT_EQ(contentOf(file), "old");
  EXPECT_EQ(modeOf(file), 0600u);
  EXPECT_EQ(files(folder.path()), 2) << "a draft is left behind";
}

TEST(PrivateFile, tellsWhereItCannotBeWritten) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "none" / "secret";
  EXPECT_EQ(writePrivately(file, "x").error().cause, "cannot write " + file.string() + ": No such file or directory");
  // The name is that of a folder.
  std::filesystem::create_directory(folder.path() / "folder");
  EXPECT_FALSE(writePrivately(folder.path() / "folder", "x"));
  EXPECT_EQ(files(folder.path()), 1) << "a draft is left behind";
}

}  // namespace
}  // namespace beckon::run
