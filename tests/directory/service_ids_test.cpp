#include "directory/service_ids.hpp"

#include "core/run/uuid.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace beckon::directory {
namespace {

using run::Code;

class ServiceIdsTest : public testing::Test {
 protected:
  ServiceIdsTest() { std::filesystem::create_directory(folder); }
  ~ServiceIdsTest() override { std::filesystem::remove_all(folder); }
  void write(const std::string& text) const { std::ofstream(file) << text; }

  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("beckon-ids-" + run::makeUuid());
  const std::filesystem::path file = folder / "ids";
};

TEST_F(ServiceIdsTest, countUpFromTwo) {
  ServiceIds ids;
  EXPECT_EQ(ids.next().value(), 2u);
  EXPECT_EQ(ids.next().value(), 3u);
}

TEST_F(ServiceIdsTest, ofAFileBeginTheSame) {
  auto ids = ServiceIds::open(file).value();
  EXPECT_EQ(ids.next().value(), 2u);
  EXPECT_EQ(ids.next().value(), 3u);
}

TEST_F(ServiceIdsTest, doNotRepeatAfterARestart) {
  std::uint32_t last = 1;
  for (int start = 0; start < 3; ++start) {
    auto ids = ServiceIds::open(file).value();
    // Beyond the block that was reserved at the start, too.
    for (std::uint32_t i = 0; i < ServiceIds::block + 10; ++i) {
      const auto id = ids.next().value();
      ASSERT_GT(id, last);
      last = id;
    }
  }
}

TEST_F(ServiceIdsTest, doNotRepeatAfterAKill) {
  std::uint32_t last = 1;
  for (int start = 0; start < 3; ++start) {
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    const auto child = ::fork();
    if (child == 0) {
      auto ids = ServiceIds::open(file).value();
      std::uint32_t id = 0;
      for (std::uint32_t i = 0; i < ServiceIds::block + 7; ++i) id = ids.next().value();
      if (::write(told[1], &id, sizeof id) != sizeof id) ::_exit(1);
      ::pause();
    }
    std::uint32_t id = 0;
    EXPECT_EQ(::read(told[0], &id, sizeof id), static_cast<ssize_t>(sizeof id));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(told[0]);
    ::close(told[1]);
    EXPECT_GE(id, last + ServiceIds::block + 7);
    last = id;
  }
}

TEST_F(ServiceIdsTest, areOfOneDirectoryAtATime) {
  const auto first = ServiceIds::open(file);
  ASSERT_TRUE(first);
  const auto second = ServiceIds::open(file);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::invalidConfig);
  EXPECT_NE(second.error().cause.find("another directory uses it"), std::string::npos);
}

TEST_F(ServiceIdsTest, areNotGuessedFromAFileThatHoldsSomethingElse) {
  for (const char* text : {"0000000001\n", "12\n", "0000004098", "0000004098\nmore", "elephants\n\n", "99999999999"}) {
    write(text);
    const auto ids = ServiceIds::open(file);
    ASSERT_FALSE(ids) << text;
    EXPECT_EQ(ids.error().nextStep, "remove it, or name another file");
  }
  write("0000004098\n");
  EXPECT_EQ(ServiceIds::open(file).value().next().value(), 4098u);
}

TEST_F(ServiceIdsTest, endWithTheLastNumber) {
  write("4294967290\n");
  auto ids = ServiceIds::open(file).value();
  for (std::uint32_t id = 4294967290; id != ~0u; ++id) EXPECT_EQ(ids.next().value(), id);
  EXPECT_EQ(ids.next().error().code, Code::overloaded);
}

TEST_F(ServiceIdsTest, goOnWithoutAFileThatCannotBeWritten) {
  const auto missing = folder / "no" / "such" / "folder" / "ids";
  EXPECT_EQ(ServiceIds::open(missing).error().code, Code::invalidConfig);
  EXPECT_EQ(keptIds(missing, run::silentLog()).next().value(), 2u);
  EXPECT_EQ(keptIds({}, run::silentLog()).next().value(), 2u);
}

}  // namespace
}  // namespace beckon::directory
