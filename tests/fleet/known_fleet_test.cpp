#include "fleet/known_fleet.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace beckon::fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Statement statementOf(std::uint8_t key, int ends) {
  Statement out;
  out.account = "nao1@robots.example";
  out.key.fill(key);
  out.ends = WallTime(std::chrono::seconds(ends));
  return out;
}

class KnownFleetTest : public testing::Test {
 protected:
  KnownFleet open() { return KnownFleet::open(folder_.path()).value(); }
  void saw(const Statement& statement) {
    auto known = open();
    known.saw(statement);
    known.keep().value();
  }
  void write(const std::string& text) { std::ofstream(folder_.path() / KnownFleet::fileName) << text; }

  test::TemporaryFolder folder_;
};

TEST_F(KnownFleetTest, takesAnythingOfWhomItDoesNotKnow) {
  EXPECT_TRUE(open().check(statementOf(1, 100)));
  EXPECT_FALSE(open().hasSeen("nao1@robots.example"));
}

TEST_F(KnownFleetTest, anOlderKeyDoesNotComeBack) {
  saw(statementOf(1, 100));
  saw(statementOf(2, 200));
  const auto back = open().check(statementOf(1, 100));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, run::Code::badStatement);
  EXPECT_THAT(back.error().cause, HasSubstr("nao1@robots.example shows an older key"));
  EXPECT_FALSE(open().check(statementOf(3, 200))) << "not newer";
  EXPECT_TRUE(open().check(statementOf(2, 200)));
  EXPECT_TRUE(open().check(statementOf(2, 150))) << "the same key, with a statement that was renewed";
  EXPECT_TRUE(open().check(statementOf(3, 201)));
}

TEST_F(KnownFleetTest, aRevokedKeyComesBackOnlyByANewerStatement) {
  saw(statementOf(1, 100));
  open().revoke("nao1@robots.example").value();
  const auto back = open().check(statementOf(1, 100));
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().cause, HasSubstr("revoked"));
  EXPECT_TRUE(open().check(statementOf(1, 101)));
  saw(statementOf(1, 101));
  EXPECT_TRUE(open().check(statementOf(1, 101)));
}

TEST_F(KnownFleetTest, aStatementThatReplacesAnotherEndsLater) {
  const auto at = [](int second) { return WallTime(std::chrono::seconds(second)); };
  saw(statementOf(1, 100));
  EXPECT_EQ(open().endOfNext("nao1@robots.example", at(100)), at(101));
  EXPECT_EQ(open().endOfNext("nao1@robots.example", at(300)), at(300));
  EXPECT_EQ(open().endOfNext("nao2@robots.example", at(100)), at(100));
}

TEST_F(KnownFleetTest, twoProcessesLoseNothingOfEachOther) {
  auto one = open(), other = open();
  one.saw(statementOf(2, 200));
  one.keep().value();
  other.setRobots({"nao1@robots.example"}).value();
  EXPECT_FALSE(open().check(statementOf(1, 100)));
  EXPECT_THAT(open().robots(), ElementsAre("nao1@robots.example"));
}

TEST_F(KnownFleetTest, whatWasSeenIsWrittenOnceForAllAndNotAgain) {
  auto known = open();
  known.saw(statementOf(1, 100));
  EXPECT_FALSE(known.check(statementOf(2, 100))) << "known here at once";
  EXPECT_FALSE(open().hasSeen("nao1@robots.example"));
  known.keep().value();
  EXPECT_TRUE(open().hasSeen("nao1@robots.example"));
  std::filesystem::remove(folder_.path() / KnownFleet::fileName);
  known.saw(statementOf(1, 100));
  known.keep().value();
  EXPECT_FALSE(open().hasSeen("nao1@robots.example")) << "there was nothing new";
}

TEST_F(KnownFleetTest, aDamagedOrNewerFileIsRefusedWithAdvice) {
  write("{");
  EXPECT_THAT(KnownFleet::open(folder_.path()).error().cause, HasSubstr("damaged"));
  write(R"({"schema": 0, "robots": [], "seen": {"a@b": {"key": "short", "ends": 1, "revoked": false}}})");
  EXPECT_THAT(KnownFleet::open(folder_.path()).error().cause, HasSubstr("damaged"));
  write(R"({"schema": 1})");
  EXPECT_THAT(KnownFleet::open(folder_.path()).error().cause, HasSubstr("newer Beckon (schema 1; this one knows 0)"));
}

}  // namespace
}  // namespace beckon::fleet
