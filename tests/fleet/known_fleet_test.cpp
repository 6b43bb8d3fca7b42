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
  void write(const std::string& text) { std::ofstream(folder_.path() / KnownFleet::fileName) << text; }

  test::TemporaryFolder folder_;
};

TEST_F(KnownFleetTest, takesAnythingOfWhomItDoesNotKnow) {
  EXPECT_TRUE(open().check(statementOf(1, 100)));
  EXPECT_FALSE(open().hasSeen("nao1@robots.example"));
}

TEST_F(KnownFleetTest, anOlderKeyDoesNotComeBack) {
  open().saw(statementOf(1, 100)).value();
  open().saw(statementOf(2, 200)).value();
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
  open().saw(statementOf(1, 100)).value();
  open().revoke("nao1@robots.example").value();
  const auto back = open().check(statementOf(1, 100));
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().cause, HasSubstr("revoked"));
  EXPECT_TRUE(open().check(statementOf(1, 101)));
  open().saw(statementOf(1, 101)).value();
  EXPECT_TRUE(open().check(statementOf(1, 101)));
}

TEST_F(KnownFleetTest, aStatementThatReplacesAnotherEndsLater) {
  const auto at = [](int second) { return WallTime(std::chrono::seconds(second)); };
  open().saw(statementOf(1, 100)).value();
  EXPECT_EQ(open().endOfNext("nao1@robots.example", at(100)), at(101));
  EXPECT_EQ(open().endOfNext("nao1@robots.example", at(300)), at(300));
  EXPECT_EQ(open().endOfNext("nao2@robots.example", at(100)), at(100));
}

TEST_F(KnownFleetTest, twoProcessesLoseNothingOfEachOther) {
  auto one = open(), other = open();
  one.saw(statementOf(2, 200)).value();
  other.setRobots({"nao1@robots.example"}).value();
  EXPECT_FALSE(open().check(statementOf(1, 100)));
  EXPECT_THAT(open().robots(), ElementsAre("nao1@robots.example"));
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
