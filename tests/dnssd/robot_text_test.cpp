#include "core/dnssd/robot_text.hpp"

#include <gtest/gtest.h>

namespace beckon::dnssd {
namespace {

const std::string key = "SHA256:" + std::string(64, 'a');

TEST(RobotText, isReadAsItWasWritten) {
  const RobotText text{"9b6be4df-9f5d-4fc9-9137-92dafb74c073", key};
  EXPECT_EQ(readText(writeText(text)).value(), text);
  for (const auto& each : writeText(text)) EXPECT_LE(each.size(), 255u);  // RFC 6763 section 6.1
}

TEST(RobotText, isReadInAnyOrderAndCaseWithWhateverElseIsThereTheFirstOfEachCounts) {
  const auto read = readText({"", "=x", "new", "KEY=" + key, "Machine=m", "machine=other", "key=nothing"});
  EXPECT_EQ(read.value(), (RobotText{"m", key}));
}

TEST(RobotText, isRefusedWhereSomethingIsMissingOrOfAnotherForm) {
  const std::string machine = "machine=m";
  for (const auto& wrong : std::vector<std::vector<std::string>>{
           {},
           {machine},
           {"key=" + key},
           {machine, "key="},
           {machine, "key=" + key + "a"},
           {machine, "key=" + key.substr(0, 70)},
           {machine, "key=SHA256:" + std::string(64, 'A')},
           {machine, "key=" + std::string(71, 'a')},
           {"machine=", "key=" + key},
           {"machine=a b", "key=" + key},
           {"machine=a\n", "key=" + key},
           {"machine=" + std::string(65, 'm'), "key=" + key},
       })
    EXPECT_FALSE(readText(wrong)) << testing::PrintToString(wrong);
}

}  // namespace
}  // namespace beckon::dnssd
