#include "core/run/machine_id.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <fstream>
#include <iterator>
#include <regex>
#include <thread>
#include <vector>

namespace beckon::run {
namespace {

std::filesystem::path fileIn(const std::filesystem::path& home) {
  return home / ".config" / "qimessaging" / "machine_id";
}

TEST(MachineId, isMadeOnceInTheFileThatLibqiUses) {
  const test::TemporaryFolder home;
  const auto id = machineId(home.path()).value();
  EXPECT_TRUE(std::regex_match(id, std::regex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"))) << id;
  std::ifstream file(fileIn(home.path()));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), id + "\n");
  EXPECT_EQ(machineId(home.path()).value(), id);
  // Nothing else is left in libqi's folder.
  const std::filesystem::directory_iterator left(fileIn(home.path()).parent_path());
  EXPECT_EQ(std::distance(begin(left), end(left)), 1);
}

TEST(MachineId, isWhatLibqiWroteWithOrWithoutANewline) {
  for (const char* written : {"9b6be4df-9f5d-4fc9-9137-92dafb74c073", "9b6be4df-9f5d-4fc9-9137-92dafb74c073\n"}) {
    const test::TemporaryFolder home;
    std::filesystem::create_directories(fileIn(home.path()).parent_path());
    std::ofstream(fileIn(home.path())) << written;
    EXPECT_EQ(machineId(home.path()).value(), "9b6be4df-9f5d-4fc9-9137-92dafb74c073");
  }
}

TEST(MachineId, isTheSameForAllWhoAskFirstAtTheSameTime) {
  constexpr int askers = 8;
  for (int round = 0; round < 50; ++round) {
    const test::TemporaryFolder home;
    std::vector<std::string> ids(askers);
    std::barrier start(askers);
    std::vector<std::thread> threads;
    for (auto& id : ids)
      threads.emplace_back([&] {
        start.arrive_and_wait();
        id = machineId(home.path()).value();
      });
    for (auto& thread : threads) thread.join();
    for (const auto& id : ids) ASSERT_EQ(id, ids.front()) << "round " << round;
    ASSERT_EQ(machineId(home.path()).value(), ids.front());
  }
}

TEST(MachineId, saysWhereItCannotBeKept) {
  const test::TemporaryFolder home;
  std::ofstream(home.path() / ".config") << "a file where a folder should be";
  const auto id = machineId(home.path());
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, Code::invalidConfig);
  EXPECT_NE(id.error().cause.find(fileIn(home.path()).string()), std::string::npos) << id.error().cause;
  EXPECT_NE(id.error().nextStep.find("HOME"), std::string::npos);
}

}  // namespace
}  // namespace beckon::run
