#include "cloud-relay/fleet_rows.hpp"
#include "tests/cloud-relay/fleet_store_fixture.hpp"

#include <algorithm>
#include <latch>
#include <map>
#include <thread>

namespace beckon::relay {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

TEST_F(FleetStoreTest, enrolsWhoHasACode) {
  auto store = open();
  auto made = code(1);
  made.introduction = bytes(9);
  store.add(made, today).value();
  const auto taken = store.take(bytes(1), robot("r2", 5), today + seconds(3)).value();
  EXPECT_EQ(taken.code.introduction, bytes(9));
  EXPECT_EQ(taken.code.ends, made.ends);
  EXPECT_FALSE(taken.replaced || taken.isAgain);
  const auto found = store.member(accountOf("r2")).value().value();
  EXPECT_EQ(found.id, taken.member.id);
  EXPECT_EQ(found.fleet, "home");
  EXPECT_EQ(found.kind, Kind::robot);
  EXPECT_EQ(found.machine, "machine of r2");
  EXPECT_EQ(found.key, bytes(5));
  EXPECT_EQ(found.proof, bytes(6));
  EXPECT_EQ(found.codeHash, bytes(1));
  EXPECT_EQ(found.enrolled, today + seconds(3));
  EXPECT_FALSE(found.confirmed || found.revoked || found.statement);
}

TEST_F(FleetStoreTest, refusesACodeThatWasUsed) {
  auto store = open();
  store.add(code(1), today).value();
  store.take(bytes(1), robot("r2", 5), today).value();
  expectBadCode(store.take(bytes(1), robot("d2", 6), today), "was used already");
  expectBadCode(open().take(bytes(1), robot("r2", 6), today), "was used already");
  EXPECT_EQ(store.members("home").value().size(), 1u);
}

TEST_F(FleetStoreTest, refusesACodeFromTheSecondOfItsEnd) {
  auto store = open();
  store.add(code(1), today).value();
  expectBadCode(store.take(bytes(1), robot("r2", 5), today + hours(1)), "time of the code is over");
  EXPECT_TRUE(store.take(bytes(1), robot("r2", 5), today + hours(1) - seconds(1)));
}

TEST_F(FleetStoreTest, refusesACodeForAnotherFleet) {
  auto store = open();
  store.add(code(1), today).value();
  auto stranger = robot("r2", 5);
  stranger.fleet = "office";
  expectBadCode(store.take(bytes(1), stranger, today), "for another fleet than office");
  EXPECT_TRUE(store.members("office").value().empty());
}

TEST_F(FleetStoreTest, refusesACodeForAnotherKind) {
  auto store = open();
  store.add(code(1), today).value();
  auto person = robot("ana", 5);
  person.kind = Kind::person;
  expectBadCode(store.take(bytes(1), person, today), "enrols a robot, not a person");
}

TEST_F(FleetStoreTest, refusesACodeForAnotherAccount) {
  auto store = open();
  store.add(code(1, accountOf("r2")), today).value();
  expectBadCode(store.take(bytes(1), robot("d2", 5), today), "nobody but r2@robots.example");
  EXPECT_TRUE(store.take(bytes(1), robot("r2", 5), today));  // good until it is used
}

TEST_F(FleetStoreTest, refusesACodeThatNobodyMade) {
  auto store = open();
  store.add(code(1), today).value();
  expectBadCode(store.take(bytes(2), robot("r2", 5), today), "there is no such code");
}

TEST_F(FleetStoreTest, judgesNoCodeWhileTheClockIsNotSet) {
  auto store = open();
  store.add(code(1), today).value();
  expectBadCode(store.take(bytes(1), robot("r2", 5), WallTime()), "clock is not set");
  EXPECT_EQ(store.add(code(2), WallTime()).error().code, run::Code::invalidArgument);
}

TEST_F(FleetStoreTest, refusesTheCodesOfAnOwnerWhoseDeviceWasReplaced) {
  auto store = open();
  enrolled(store, 1, ownerOf("home", "ana", 5));
  for (const int number : {2, 3}) {
    auto made = code(number);
    made.ownerAccount = accountOf("ana");
    made.ownerKey = bytes(5);
    store.add(made, today).value();
  }
  EXPECT_TRUE(store.take(bytes(2), robot("r2", 6), today));
  store.add(ownersCode(4, "home", accountOf("ana")), today).value();
  store.take(bytes(4), ownerOf("home", "ana", 7), today).value();
  expectBadCode(store.take(bytes(3), robot("d2", 8), today), "does not own the fleet home any more");
}

TEST_F(FleetStoreTest, refusesTheCodesOfAnOwnerWhoWasRevoked) {
  auto store = open();
  enrolled(store, 1, ownerOf("home", "ana", 5));
  auto made = code(2);
  made.ownerAccount = accountOf("ana");
  made.ownerKey = bytes(5);
  store.add(made, today).value();
  store.revoke(accountOf("ana"), today).value();
  expectBadCode(store.take(bytes(2), robot("r2", 6), today), "does not own the fleet home any more");
}

TEST_F(FleetStoreTest, letsOneOfManyWinWhoRaceForACode) {
  constexpr int many = 20;
  auto store = open();
  for (int round = 0; round < 5; ++round) {
    store.add(code(round), today).value();
    std::latch start(many);
    std::array<std::optional<run::Result<FleetStore::Taken>>, many> results;
    std::vector<std::thread> threads;
    for (int i = 0; i < many; ++i)
      threads.emplace_back([&, i] {
        auto own = open();
        start.arrive_and_wait();
        const auto name = "r" + std::to_string(round * many + i);
        results[static_cast<std::size_t>(i)] = own.take(bytes(round), robot(name, 100 + i), today);
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::ranges::count_if(results, [](const auto& result) { return result->has_value(); }), 1);
    for (const auto& result : results)
      if (!*result) expectBadCode(*result, "was used already");
    EXPECT_EQ(store.members("home").value().size(), static_cast<std::size_t>(round) + 1);
  }
}

TEST_F(FleetStoreTest, givesTheSameMemberOnceMoreToTheSameKey) {
  auto store = open();
  store.add(code(1), today).value();
  const auto first = store.take(bytes(1), robot("r2", 5), today).value();
  const auto second = open().take(bytes(1), robot("r2", 5), today + seconds(9)).value();
  EXPECT_EQ(second.member.id, first.member.id);
  EXPECT_TRUE(second.isAgain);
  EXPECT_EQ(second.member.enrolled, today);
  EXPECT_EQ(store.members("home").value().size(), 1u);
  expectBadCode(store.take(bytes(1), robot("d2", 5), today), "was used already");  // not for another account
  expectBadCode(store.take(bytes(1), robot("r2", 5), today + hours(1)), "time of the code is over");
}

TEST_F(FleetStoreTest, givesNothingToTheSameKeyOnceTheMemberIsConfirmed) {
  auto store = open();
  store.add(code(1), today).value();
  const auto taken = store.take(bytes(1), robot("r2", 5), today).value();
  store.confirm(taken.member.id, today + seconds(9)).value();
  expectBadCode(store.take(bytes(1), robot("r2", 5), today), "was used already");
  store.confirm(taken.member.id, today + seconds(10)).value();
  EXPECT_EQ(store.member(accountOf("r2")).value()->confirmed, today + seconds(9));
}

TEST_F(FleetStoreTest, givesNothingToTheSameKeyOnceTheMemberIsRevoked) {
  auto store = open();
  store.add(code(1), today).value();
  const auto taken = store.take(bytes(1), robot("r2", 5), today).value();
  store.revoke(accountOf("r2"), today).value();
  expectBadCode(store.take(bytes(1), robot("r2", 5), today), "was used already");
  EXPECT_EQ(store.confirm(taken.member.id, today).error().code, run::Code::invalidArgument);
  store.giveBack(taken).value();
  expectBadCode(store.take(bytes(1), robot("r2", 6), today), "was used already");
}

TEST_F(FleetStoreTest, takesBackACodeWhoseAccountCouldNotBeMade) {
  auto store = open();
  store.add(code(1), today).value();
  const auto taken = store.take(bytes(1), robot("r2", 5), today).value();
  store.giveBack(taken).value();
  EXPECT_TRUE(store.members("home").value().empty());
  EXPECT_EQ(store.confirm(taken.member.id, today).error().code, run::Code::invalidArgument);
  const auto other = store.take(bytes(1), robot("d2", 6), today).value();
  EXPECT_GT(other.member.id, taken.member.id);
  store.giveBack(taken).value();  // it is not that one's any more
  EXPECT_TRUE(store.member(accountOf("d2")).value());
}

TEST_F(FleetStoreTest, takesBackNothingThatWasGivenOnceMoreOrConfirmed) {
  auto store = open();
  store.add(code(1), today).value();
  const auto first = store.take(bytes(1), robot("r2", 5), today).value();
  const auto second = store.take(bytes(1), robot("r2", 5), today).value();
  store.giveBack(first).value();
  EXPECT_TRUE(store.member(accountOf("r2")).value());
  store.confirm(second.member.id, today).value();
  store.giveBack(second).value();
  EXPECT_TRUE(store.member(accountOf("r2")).value());
}

TEST_F(FleetStoreTest, replacesAMemberByACodeThatNamesItsAccount) {
  auto store = open();
  const auto before = enrolled(store, 1, robot("r2", 5));
  store.state(statementOf(before)).value();
  store.add(code(2, accountOf("r2")), today).value();
  const auto taken = store.take(bytes(2), robot("r2", 6), today + seconds(1)).value();
  EXPECT_EQ(taken.replaced.value().id, before.id);
  const auto after = store.member(accountOf("r2")).value().value();
  EXPECT_EQ(after.key, bytes(6));
  EXPECT_FALSE(after.statement || after.confirmed);
  const auto all = store.members("home").value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].id, before.id);
  EXPECT_EQ(all[0].revoked, today + seconds(1));
  EXPECT_EQ(all[1].id, after.id);
}

TEST_F(FleetStoreTest, bringsBackWhoWasReplacedByAnAccountThatCouldNotBeMade) {
  auto store = open();
  const auto before = enrolled(store, 1, robot("r2", 5));
  store.state(statementOf(before)).value();
  store.add(code(2, accountOf("r2")), today).value();
  store.take(bytes(2), robot("r2", 6), today).value();
  const auto taken = open().take(bytes(2), robot("r2", 6), today).value();  // after an answer was lost
  EXPECT_EQ(taken.replaced.value().id, before.id);
  store.giveBack(taken).value();
  const auto back = store.member(accountOf("r2")).value().value();
  EXPECT_EQ(back.id, before.id);
  EXPECT_EQ(back.confirmed, today);
  EXPECT_TRUE(back.statement);
  EXPECT_EQ(store.members("home").value().size(), 1u);
  EXPECT_EQ(store.take(bytes(2), robot("r2", 7), today).value().replaced.value().id, before.id);
}

TEST_F(FleetStoreTest, givesNoTakenNameToACodeForAnyName) {
  auto store = open();
  enrolled(store, 1, robot("r2", 5));
  store.add(code(2), today).value();
  EXPECT_EQ(store.take(bytes(2), robot("r2", 6), today).error().code, run::Code::nameTaken);
  EXPECT_TRUE(store.take(bytes(2), robot("d2", 6), today));  // good until it is used
}

TEST_F(FleetStoreTest, replacesNoMemberOfAnotherFleetOrKind) {
  auto store = open();
  auto elsewhere = robot("r2", 5);
  elsewhere.fleet = "office";
  enrolled(store, 1, elsewhere);
  auto person = robot("ana", 6);
  person.kind = Kind::person;
  enrolled(store, 2, person);
  store.add(code(3, accountOf("r2")), today).value();
  EXPECT_EQ(store.take(bytes(3), robot("r2", 7), today).error().code, run::Code::nameTaken);
  store.add(code(4, accountOf("ana")), today).value();
  EXPECT_EQ(store.take(bytes(4), robot("ana", 7), today).error().code, run::Code::nameTaken);
}

TEST_F(FleetStoreTest, givesTheNameOfARevokedMemberByACodeForItAlone) {
  auto store = open();
  const auto before = enrolled(store, 1, robot("r2", 5));
  store.revoke(accountOf("r2"), today).value();
  store.add(code(2), today).value();
  const auto first = store.take(bytes(2), robot("r2", 6), today);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, run::Code::nameTaken);
  EXPECT_THAT(first.error().cause, HasSubstr("that of a member who was revoked"));
  store.add(code(3, accountOf("r2")), today).value();
  EXPECT_GT(store.take(bytes(3), robot("r2", 6), today).value().member.id, before.id);
}

TEST_F(FleetStoreTest, letsAFleetHaveOneOwner) {
  auto store = open();
  enrolled(store, 1, ownerOf("home", "ana", 5));
  store.add(ownersCode(2, "home"), today).value();
  const auto second = store.take(bytes(2), ownerOf("home", "bea", 6), today);
  EXPECT_EQ(second.error().code, run::Code::nameTaken);
  EXPECT_THAT(second.error().cause, HasSubstr("has an owner already, ana@robots.example"));
  store.revoke(accountOf("ana"), today).value();
  EXPECT_TRUE(store.take(bytes(2), ownerOf("home", "bea", 6), today));
  EXPECT_EQ(store.owner("home").value().value().account, accountOf("bea"));
}

TEST_F(FleetStoreTest, limitsTheOpenCodesOfAFleet) {
  auto store = open();
  {
    // All at once: each one by itself waits for the disk.
    auto database = policy::Database::open(file()).value();
    auto transaction = policy::Transaction::begin(database).value();
    for (int i = 1; i < FleetStore::mostOpenCodes; ++i) insert(database, code(i)).value();
    transaction.commit().value();
  }
  EXPECT_TRUE(store.add(code(0), today));
  EXPECT_EQ(store.add(code(5000), today).error().code, run::Code::overloaded);
  auto elsewhere = code(5001);
  elsewhere.fleet = "office";
  EXPECT_TRUE(store.add(elsewhere, today));
  store.take(bytes(7), robot("r2", 5), today).value();
  EXPECT_TRUE(store.add(code(5002), today));
  EXPECT_EQ(store.add(code(5003), today).error().code, run::Code::overloaded);
  auto later = code(5003);
  later.ends = today + hours(2);
  EXPECT_TRUE(store.add(later, today + hours(1)));  // all others have ended
}

TEST_F(FleetStoreTest, forgetsACodeADayAfterItsEnd) {
  auto store = open();
  store.add(code(1), today).value();
  auto next = code(2);
  next.ends = today + hours(100);
  store.add(next, today + hours(25)).value();
  expectBadCode(store.take(bytes(1), robot("r2", 5), today + hours(25)), "time of the code is over");
  next.hash = bytes(3);
  store.add(next, today + hours(25) + seconds(1)).value();
  expectBadCode(store.take(bytes(1), robot("r2", 5), today + hours(25)), "there is no such code");
}

TEST_F(FleetStoreTest, addsNoCodeTwiceAndNoneThatHasEnded) {
  auto store = open();
  store.add(code(1), today).value();
  EXPECT_EQ(store.add(code(1), today).error().code, run::Code::invalidArgument);
  EXPECT_EQ(store.add(code(2), today + hours(1)).error().code, run::Code::invalidArgument);
  expectBadCode(store.take(bytes(2), robot("r2", 5), today), "there is no such code");
}

TEST_F(FleetStoreTest, keepsTheOwnersStatement) {
  const auto member = [this] {
    auto store = open();
    const auto out = enrolled(store, 1, robot("r2", 5));
    EXPECT_TRUE(store.state(statementOf(out)).value().statement);
    return out;
  }();
  const auto kept = open().member(accountOf("r2")).value().value().statement.value();
  const auto stated = statementOf(member);
  EXPECT_EQ(kept.account, stated.account);
  EXPECT_EQ(kept.kind, stated.kind);
  EXPECT_EQ(kept.key, stated.key);
  EXPECT_EQ(kept.ends, stated.ends);
  EXPECT_EQ(kept.signature, stated.signature);
}

TEST_F(FleetStoreTest, takesNoStatementAboutSomebodyElse) {
  auto store = open();
  const auto member = enrolled(store, 1, robot("r2", 5));
  EXPECT_EQ(store.state(statementOf(robot("d2", 5))).error().code, run::Code::invalidArgument);
  EXPECT_EQ(store.state(statementOf(robot("r2", 6))).error().code, run::Code::badStatement);
  auto person = statementOf(member);
  person.kind = Kind::person;
  EXPECT_EQ(store.state(person).error().code, run::Code::badStatement);
  EXPECT_FALSE(store.member(accountOf("r2")).value().value().statement);
  store.revoke(accountOf("r2"), today).value();
  EXPECT_EQ(store.state(statementOf(member)).error().code, run::Code::invalidArgument);
}

TEST_F(FleetStoreTest, revokesAMemberFromTheFirstTimeOn) {
  auto store = open();
  const auto member = enrolled(store, 1, robot("r2", 5));
  EXPECT_EQ(store.revoke(accountOf("r2"), today + seconds(5)).value().id, member.id);
  EXPECT_EQ(store.revoke(accountOf("r2"), today + seconds(6)).value().revoked, today + seconds(5));
  EXPECT_FALSE(store.member(accountOf("r2")).value());
  const auto all = open().members("home").value();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].revoked, today + seconds(5));
  EXPECT_EQ(store.revoke(accountOf("d2"), today).error().code, run::Code::invalidArgument);
}

TEST_F(FleetStoreTest, listsTheMembersOfAFleetByAccount) {
  auto store = open();
  enrolled(store, 1, robot("c", 5));
  enrolled(store, 2, ownerOf("home", "b", 6));
  enrolled(store, 3, robot("a", 7));
  enrolled(store, 4, ownerOf("office", "d", 8));
  std::string names;
  for (const auto& each : store.members("home").value()) names += each.account.substr(0, 1);
  EXPECT_EQ(names, "abc");
  EXPECT_EQ(store.owner("home").value().value().account, accountOf("b"));
  EXPECT_EQ(store.owner("office").value().value().account, accountOf("d"));
  EXPECT_FALSE(store.owner("nowhere").value());
}

TEST_F(FleetStoreTest, addsUpWhatAnAccountMovesOnADay) {
  auto store = open();
  const auto ana = accountOf("ana"), r2 = accountOf("r2");
  store.addMoved({{ana, 20000, 5}, {r2, 20000, 7}}).value();
  store.addMoved({{ana, 20000, 6}, {ana, 20001, 1}}).value();
  EXPECT_EQ(store.moved(ana, 20000).value(), 11);
  EXPECT_EQ(store.moved(ana, 20001).value(), 1);
  EXPECT_EQ(store.moved(r2, 20000).value(), 7);
  EXPECT_EQ(store.moved(r2, 20001).value(), 0);
  store.addMoved({{r2, 20000 + FleetStore::daysKept, 1}}).value();
  EXPECT_EQ(store.moved(ana, 20000).value(), 11);
  store.addMoved({{r2, 20001 + FleetStore::daysKept, 1}}).value();
  EXPECT_EQ(store.moved(ana, 20000).value(), 0);
  EXPECT_EQ(store.moved(ana, 20001).value(), 1);
}

}  // namespace
}  // namespace beckon::relay
