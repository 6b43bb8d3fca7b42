#include "policy/audit/entry.hpp"
#include "policy/audit/flood.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace beckon::policy::audit {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;
using testing::Pair;

const auto moment = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(18) + microseconds(5);

std::string lineOf(const Entry& entry) {
  std::string out;
  Writer().write(out, entry, moment, microseconds(77));
  return out;
}

TEST(AuditEntry, isOneLineOfJsonWithTheKeysThatTheProtocolNames) {
  EXPECT_EQ(lineOf({.what = What::call,
                    .outcome = Outcome::done,
                    .door = "lan",
                    .who = "token:tablet",
                    .session = "ab-1",
                    .id = "7",
                    .service = "ALMotion",
                    .member = "moveTo",
                    .rule = "operators",
                    .policy = "0123456789ab",
                    .took = microseconds(812),
                    .in = 24,
                    .out = 4}),
            "{\"at\":\"2026-11-22T18:00:00.000005Z\",\"clock\":77,\"what\":\"call\",\"door\":\"lan\",\"who\":\"token:"
            "tablet\",\"session\":\"ab-1\",\"id\":\"7\",\"on\":\"ALMotion.moveTo\",\"outcome\":\"done\",\"rule\":"
            "\"operators\",\"policy\":\"0123456789ab\",\"took\":812,\"in\":24,\"out\":4}\n");
}

TEST(AuditEntry, namesEveryKindAndOutcome) {
  EXPECT_EQ(text(What::call), "call");
  EXPECT_EQ(text(What::provide), "register");
  EXPECT_EQ(text(What::more), "more");
  EXPECT_EQ(text(Outcome::none), "");
  EXPECT_EQ(text(Outcome::unanswered), "unanswered");
}

TEST(AuditEntry, textsFromOutsideMakeNeitherLinesNorKeysOfTheirOwn) {
  const std::string evil = "x\n{\"chain\":1}\\\" \x01\xff\t";
  const auto line = lineOf({.who = evil, .service = evil, .member = evil, .note = evil});
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  const auto read = nlohmann::json::parse(line);
  const std::string shown = "x\n{\"chain\":1}\\\" \xef\xbf\xbd\xef\xbf\xbd\t";
  EXPECT_EQ(read["who"], shown);
  EXPECT_EQ(read["on"], shown + "." + shown);
}

TEST(AuditEntry, cutsLongTextsAndSaysHowLongArgumentsWere) {
  const std::string name(100'000, 'a'), arguments(5000, '1');
  const auto read = nlohmann::json::parse(lineOf({.who = name, .arguments = arguments}));
  EXPECT_LE(read["who"].get<std::string>().size(), Entry::longestText + 3);
  EXPECT_LE(read["arguments"].get<std::string>().size(), Entry::longestArguments + 3);
  EXPECT_EQ(read["argumentsBytes"], 5000);
}

TEST(AuditFlood, writesTheFirstRefusalsOfEachCallerInAWindowAndCountsTheOthers) {
  Flood flood;
  const auto begin = Flood::Time() + std::chrono::hours(1);
  std::uint64_t written = 0;
  for (int i = 0; i < 1000; ++i) written += flood.takes("mallory", begin) ? 1 : 0;
  EXPECT_EQ(written, Flood::mostInAWindow);
  EXPECT_TRUE(flood.takes("alice", begin));
  EXPECT_TRUE(flood.counted(begin + std::chrono::milliseconds(500)).empty());
  EXPECT_THAT(flood.counted(begin + Flood::window), ElementsAre(Pair("mallory", 1000 - Flood::mostInAWindow)));
  EXPECT_TRUE(flood.takes("mallory", begin + Flood::window));
  EXPECT_FALSE(flood.isCounting());
}

TEST(AuditFlood, writesSoManyOfAllHoweverManyNamesTheyCallThemselves) {
  Flood flood;
  const auto begin = Flood::Time() + std::chrono::hours(1);
  std::uint64_t written = 0;
  for (std::size_t i = 0; i < 10'000; ++i) written += flood.takes("robot" + std::to_string(i), begin) ? 1 : 0;
  EXPECT_EQ(written, Flood::mostInAll);
  const auto counted = flood.counted(begin + Flood::window);
  EXPECT_LE(counted.size(), Flood::mostCallers + 1);
  std::uint64_t sum = 0;
  for (const auto& [who, count] : counted) sum += count;
  EXPECT_EQ(sum, 10'000 - written);
  EXPECT_TRUE(flood.takes("alice", begin + Flood::window));
}

TEST(AuditFlood, onlyCountsWhereThereIsNoRoom) {
  Flood flood;
  const auto begin = Flood::Time() + std::chrono::hours(1);
  EXPECT_FALSE(flood.takes("mallory", begin, true));
  EXPECT_THAT(flood.counted(begin + Flood::window), ElementsAre(Pair("mallory", 1u)));
}

}  // namespace
}  // namespace beckon::policy::audit
