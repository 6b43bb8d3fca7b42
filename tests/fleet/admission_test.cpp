#include "fleet/admission.hpp"

#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::fleet {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

class AdmissionTest : public testing::Test {
 protected:
  // As the relay tells of who enrolled with that code.
  MemberInfo enrolled(const Code& by, Kind kind, const std::string& fleet = "home") const {
    MemberInfo out;
    out.account = r2Account;
    out.kind = kind;
    out.key = key.publicKey();
    out.id = r2Id;
    out.codeHash = Code::hashOf(by.ticket());
    out.proof = by.proofOf({kind, fleet, "r2", out.id, out.key});
    return out;
  }
  static void expectBad(const run::Result<>& judged, const std::string& cause) {
    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code, run::Code::badStatement);
    EXPECT_THAT(judged.error().cause, HasSubstr(r2Account));
    EXPECT_THAT(judged.error().cause, HasSubstr(cause));
    EXPECT_FALSE(judged.error().nextStep.empty());
  }

  const run::PrivateKey owner = test::keyNumber(1), key = test::keyNumber(2);
  const Code code = Code::parse("relay.example:5443/home/robot/3q2-7w8fT5GJ0aXhVw1zRg").value();
  const MemberInfo robot = enrolled(code, Kind::robot);
};

TEST_F(AdmissionTest, letsInWhoHadTheCode) { EXPECT_TRUE(judge(robot, "home", code.text())); }

TEST_F(AdmissionTest, doesNotKnowWhoCameByAnotherCode) {
  const std::string why = "came by a code that this device does not know";
  expectBad(judge(robot, "home", ""), why);
  expectBad(judge(robot, "home", "damaged"), why);
  expectBad(judge(robot, "home", Code::make(code.place()).text()), why);
  for (const auto part : {&MemberInfo::codeHash, &MemberInfo::proof}) {
    auto less = robot;
    (less.*part).reset();
    expectBad(judge(less, "home", code.text()), why);
  }
}

TEST_F(AdmissionTest, refusesWhatTheHolderOfTheCodeHasNotSaid) {
  const std::string why = "what the holder of the code has not said";
  auto other = robot;
  other.key = test::keyNumber(3).publicKey();
  expectBad(judge(other, "home", code.text()), why);
  other = robot;
  other.id.back() = '1';
  expectBad(judge(other, "home", code.text()), why);
  other = robot;
  (*other.proof)[31] ^= 1;
  expectBad(judge(other, "home", code.text()), why);
  other = robot;
  other.kind = Kind::person;
  expectBad(judge(other, "home", code.text()), why);
  expectBad(judge(robot, "work", code.text()), why);
  // The name, not the server's part: an account may move with its whole server.
  other = robot;
  other.account = "not-r2@robots.example";
  const auto judged = judge(other, "home", code.text());
  ASSERT_FALSE(judged);
  EXPECT_THAT(judged.error().cause, HasSubstr(why));
  EXPECT_THAT(judged.error().nextStep, HasSubstr("beckon fleet revoke not-r2@robots.example"));
}

// The holder of a robot's code and the relay, in league.
TEST_F(AdmissionTest, refusesWhoClaimsMoreThanTheCodeIsFor) {
  expectBad(judge(enrolled(code, Kind::person), "home", code.text()),
            "came as a person of fleet home by a code for a robot of fleet home");
  expectBad(judge(enrolled(code, Kind::owner), "home", code.text()), "came as a owner of fleet home");
  expectBad(judge(enrolled(code, Kind::robot, "work"), "work", code.text()), "by a code for a robot of fleet home");
}

TEST_F(AdmissionTest, renewsInTheSecondHalfOfItsTime) {
  const hours lifetime(100);
  auto member = robot;
  member.statement = Statement::make(owner, r2Account, Kind::robot, robot.key, today + lifetime);
  const auto isDue = [&](WallTime now) { return isToRenew(member, owner.publicKey(), lifetime, now).value(); };
  EXPECT_FALSE(isDue(today));
  EXPECT_FALSE(isDue(today + hours(50) - seconds(1)));
  EXPECT_TRUE(isDue(today + hours(50)));
  EXPECT_TRUE(isDue(today + lifetime - seconds(1)));
  EXPECT_TRUE(isDue(today + lifetime * 3)) << "one whose time is over, too";
}

TEST_F(AdmissionTest, doesNotRenewWhatItHasNotSaid) {
  const auto refused = [&](const MemberInfo& member) {
    const auto due = isToRenew(member, owner.publicKey(), hours(100), today);
    EXPECT_FALSE(due);
    return due ? run::Error() : due.error();
  };
  auto member = robot;
  member.statement = Statement::make(owner, r2Account, Kind::robot, robot.key, today);
  // The relay makes a person of a robot, or gives its place to another key.
  member.kind = Kind::person;
  EXPECT_EQ(refused(member).code, run::Code::badStatement);
  EXPECT_EQ(refused(member).cause,
            "the relay tells that " + r2Account + " is a person; the fleet's owner has signed that it is a robot");
  member.kind = Kind::robot;
  member.key = test::keyNumber(3).publicKey();
  EXPECT_EQ(refused(member).code, run::Code::badStatement);
  member = robot;
  member.statement = Statement::make(key, r2Account, Kind::robot, robot.key, today);
  EXPECT_THAT(refused(member).cause, HasSubstr("has not signed"));
}

}  // namespace
}  // namespace beckon::fleet
