#include "core/run/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <array>

namespace beckon::run {
namespace {

std::string logged(const LogStyle& style, const std::string& text) {
  testing::internal::CaptureStderr();
  const auto log = makeLog("door", style);
  log->warn("{}", text);
  log->debug("too fine");
  return testing::internal::GetCapturedStderr();
}

TEST(Log, isALineOfText) {
  EXPECT_THAT(logged({}, "no bus"), testing::MatchesRegex("[0-9: .-]+ warning door: no bus\n"));
}

TEST(Log, isAnObjectALineWhereThatIsAskedForWhateverTheTextHolds) {
  const auto text = logged({.format = "json"}, "a \"name\"\nand \xff");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line.at("level"), "warning");
  EXPECT_EQ(line.at("name"), "door");
  EXPECT_EQ(line.at("text"), "a \"name\"\nand \xEF\xBF\xBD");
  EXPECT_THAT(line.at("time").get<std::string>(),
              testing::MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+.[0-9]+Z"));
}

TEST(Log, countsAnUnknownLevelAsInfoAndIsSilentWhenOff) {
  EXPECT_NE(logged({.level = "loud"}, "text"), "");
  EXPECT_EQ(logged({.level = "off"}, "text"), "");
}

TEST(Log, losesALineRatherThanToWaitWhereThatIsAskedFor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const int standardError = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  auto log = makeLog("dog", {.waits = false});
  std::size_t said = 0;
  for (; said < 100'000; said += 1000) log->warn("{}", std::string(1000, 'x'));  // more than a pipe holds
  log.reset();
  ::dup2(standardError, STDERR_FILENO);
  for (const int each : {ends[1], standardError}) ::close(each);
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t size = 0; (size = ::read(ends[0], part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(size));
  ::close(ends[0]);
  EXPECT_THAT(text.substr(0, 100), testing::HasSubstr(" warning dog: xxx"));
  EXPECT_GT(text.size(), 10'000u);
  EXPECT_LT(text.size(), said);
}

}  // namespace
}  // namespace beckon::run
