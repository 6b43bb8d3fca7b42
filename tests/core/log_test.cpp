#include "core/run/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace beckon::run
