#include "fleet/statement.hpp"

#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::fleet {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

class StatementTest : public testing::Test {
 protected:
  void expectBad(const run::Result<>& checked, const std::string& cause, const std::string& nextStep) const {
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, run::Code::badStatement);
    EXPECT_EQ(checked.error().cause, cause);
    EXPECT_THAT(checked.error().nextStep, HasSubstr(nextStep));
  }
  run::Result<> checked(const Statement& shown) const { return shown.check(owner.publicKey(), r2Account, key, today); }

  const run::PrivateKey owner = test::keyNumber(1);
  const run::PublicKey key = test::keyNumber(2).publicKey(), another = test::keyNumber(3).publicKey();
  const Statement statement = Statement::make(owner, r2Account, Kind::robot, key, today + hours(24));
};

TEST_F(StatementTest, holdsForWhomItWasSigned) {
  EXPECT_TRUE(checked(statement));
  for (const auto kind : {Kind::owner, Kind::person, Kind::robot})
    EXPECT_TRUE(checked(Statement::make(owner, r2Account, kind, key, today + seconds(1))));
}

TEST_F(StatementTest, isNotTakenFromAnotherAccount) {
  expectBad(statement.check(owner.publicKey(), "d2@robots.example", key, today),
            "d2@robots.example shows what the fleet's owner said of " + r2Account, "its server is not to be trusted");
}

TEST_F(StatementTest, isNotTakenForAnotherKey) {
  expectBad(statement.check(owner.publicKey(), r2Account, another, today),
            r2Account + " shows a key that is not the one which the fleet's owner has signed",
            "its server is not to be trusted");
}

TEST_F(StatementTest, isNotTakenFromWhoIsNotTheOwner) {
  expectBad(statement.check(another, r2Account, key, today),
            r2Account + " shows a statement that the fleet's owner has not signed", "its server is not to be trusted");
  expectBad(Statement::make(test::keyNumber(2), r2Account, Kind::robot, key, today + hours(24))
                .check(owner.publicKey(), r2Account, key, today),
            r2Account + " shows a statement that the fleet's owner has not signed", "ask the fleet's owner");
}

TEST_F(StatementTest, eachFieldIsSigned) {
  const std::string unsigned_ = r2Account + " shows a statement that the fleet's owner has not signed";
  auto other = statement;
  other.kind = Kind::person;
  expectBad(checked(other), unsigned_, "ask");
  for (const auto by : {seconds(-1), seconds(1)}) {
    other = statement;
    other.ends += by;
    expectBad(checked(other), unsigned_, "ask");
  }
  // One byte of what the account and the key are, each shown by who fits.
  for (std::size_t at = 0; at < r2Account.size(); ++at) {
    other = statement;
    other.account[at] ^= 1;
    EXPECT_FALSE(other.check(owner.publicKey(), other.account, key, today)) << at;
  }
  for (std::size_t at = 0; at < key.size(); ++at) {
    other = statement;
    other.key[at] ^= 1;
    EXPECT_FALSE(other.check(owner.publicKey(), r2Account, other.key, today)) << at;
  }
  for (std::size_t at = 0; at < statement.signature.size(); ++at) {
    other = statement;
    other.signature[at] ^= 1;
    EXPECT_FALSE(checked(other)) << at;
  }
}

TEST_F(StatementTest, endsAtItsEnd) {
  EXPECT_TRUE(statement.check(owner.publicKey(), r2Account, key, statement.ends - seconds(1)));
  for (const auto later : {seconds(0), seconds(1)})
    expectBad(statement.check(owner.publicKey(), r2Account, key, statement.ends + later),
              r2Account + " shows a statement of the fleet's owner whose time is over", "beckon fleet list");
}

TEST_F(StatementTest, isNotJudgedByAClockThatWasNeverSet) {
  const auto old = Statement::make(owner, r2Account, Kind::robot, key, WallTime(seconds(60)));
  EXPECT_FALSE(checked(old));
  EXPECT_TRUE(old.check(owner.publicKey(), r2Account, key, WallTime(hours(1))));
  EXPECT_FALSE(old.check(another, r2Account, key, WallTime(hours(1)))) << "the rest holds all the same";
}

TEST_F(StatementTest, ofAnUnsoundOneTheWorstIsTold) {
  auto other = Statement::make(test::keyNumber(2), r2Account, Kind::robot, key, today - hours(1));
  expectBad(checked(other), r2Account + " shows a statement that the fleet's owner has not signed",
            "not to be trusted");
}

TEST(Kind, hasATextThatIsReadAgain) {
  for (const auto kind : {Kind::owner, Kind::person, Kind::robot}) EXPECT_EQ(kindOf(text(kind)), kind);
  for (const auto* other : {"", "Robot", "robot ", "robots", "ownerx"}) EXPECT_FALSE(kindOf(other)) << other;
}

TEST(Name, isOneLabelOfAHostName) {
  for (const std::string name : {"a", "7", "nao-1", "a--b", "0123456789abcdefghijklmnopqrstuv"})
    EXPECT_TRUE(isName(name)) << name;
  for (const std::string name : {"", "-a", "a-", "-", "Nao", "a_b", "a.b", "a b", "a\n", "n\xc3\xa4o", "a/b", "a@b",
                                 "0123456789abcdefghijklmnopqrstuvw"})
    EXPECT_FALSE(isName(name)) << name;
  EXPECT_FALSE(isName(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace beckon::fleet
