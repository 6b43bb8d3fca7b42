#include "core/run/private_file.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace beckon::run {
namespace {

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

}  // namespace
}  // namespace beckon::run
