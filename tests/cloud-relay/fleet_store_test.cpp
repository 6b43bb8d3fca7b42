#include "cloud-relay/fleet_store.hpp"

#include "cloud-relay/fleet_rows.hpp"
#include "policy/tokens.hpp"
#include "tests/support/places.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <latch>
#include <map>
#include <random>
#include <thread>

namespace beckon::relay {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

const WallTime today = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);

// 32 bytes that no other number has.
Bytes32 bytes(int number) {
  Bytes32 out{};
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
  out.back() = 1;
  return out;
}
std::string accountOf(const std::string& name) { return name + "@robots.example"; }

// A robot's of the fleet home, by the relay, good for an hour.
KeptCode code(int number, const std::string& account = "") {
  KeptCode out;
  out.hash = bytes(number);
  out.fleet = "home";
  out.account = account;
  out.made = today;
  out.ends = today + hours(1);
  return out;
}
Member robot(const std::string& name, int key) {
  Member out;
  out.fleet = "home";
  out.account = accountOf(name);
  out.machine = "machine of " + name;
  out.key = bytes(key);
  out.proof = bytes(key + 1);
  return out;
}
Member ownerOf(const std::string& fleet, const std::string& name, int key) {
  auto out = robot(name, key);
  out.fleet = fleet;
  out.kind = Kind::owner;
  return out;
}
KeptCode ownersCode(int number, const std::string& fleet, const std::string& account = "") {
  auto out = code(number, account);
  out.fleet = fleet;
  out.kind = Kind::owner;
  return out;
}
fleet::Statement statementOf(const Member& member) {
  fleet::Statement out{member.account, member.kind, member.key, today + hours(24), {}};
  out.signature.fill(7);
  return out;
}

class FleetStoreTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder.path() / FleetStore::fileName; }
  FleetStore open() const { return FleetStore::open(file()).value(); }
  // Makes the file as another program would have left it.
  void make(const std::string& sql) const {
    auto database = policy::Database::open(file()).value();
    ASSERT_TRUE(database.execute(sql));
  }
  run::Error refusalToOpen() const {
    const auto opened = FleetStore::open(file());
    EXPECT_FALSE(opened);
    return opened ? run::Error() : opened.error();
  }
  std::string content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void expectBadCode(const run::Result<FleetStore::Taken>& taken, const std::string& cause) {
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, run::Code::badCode);
    EXPECT_THAT(taken.error().cause, HasSubstr(cause));
    EXPECT_FALSE(taken.error().nextStep.empty());
  }
  static Member enrolled(FleetStore& store, int number, const Member& who) {
    auto made = code(number);
    made.fleet = who.fleet;
    made.kind = who.kind;
    store.add(made, today).value();
    const auto taken = store.take(made.hash, who, today).value();
    store.confirm(taken.member.id, today).value();
    return taken.member;
  }
  test::TemporaryFolder folder;
};

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

// What a process that takes codes has been told, as it passes it on. So large that a pipe of one page holds few of
// them: no process is far ahead of who reads and kills it.
struct Told {
  int code = 0, round = 0;
  std::array<char, 504> filling{};
};
constexpr int page = 4096, mostAhead = page / sizeof(Told);

// Takes every code that it can, as one robot for each, and tells the descriptor of it; never returns.
[[noreturn]] void takeAll(const std::filesystem::path& file, int codes, int round, int tell) {
  auto store = FleetStore::open(file);
  for (int i = 0; store && i < codes; ++i) {
    const auto name = "r" + std::to_string(i) + "-" + std::to_string(round);
    const auto taken = store->take(bytes(i), robot(name, round), today);
    const Told told{i, round, {}};
    if (taken && ::write(tell, &told, sizeof told) != sizeof told) ::_exit(2);
    if (!taken && taken.error().code != run::Code::badCode) ::_exit(1);
  }
  ::_exit(store ? 0 : 1);
}

TEST_F(FleetStoreTest, holdsWhatItAcknowledgedWheneverItIsKilled) {
  constexpr int mostTold = 10, rounds = 20, codes = rounds * (mostTold + mostAhead + 2);
  {
    auto store = open();
    for (int i = 0; i < codes; ++i) store.add(code(i), today).value();
  }
  std::map<int, int> acknowledged;  // code, round
  std::mt19937 random(1);           // NOLINT: the same each time
  for (int round = 0; round < rounds; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ASSERT_EQ(::fcntl(ends[1], F_SETPIPE_SZ, page), page);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      takeAll(file(), codes, round, ends[1]);
    }
    ::close(ends[1]);
    auto untilKilled = random() % mostTold;
    for (Told told; ::read(ends[0], &told, sizeof told) == sizeof told;) {
      EXPECT_TRUE(acknowledged.emplace(told.code, told.round).second) << "taken twice: " << told.code;
      if (untilKilled-- == 0) ::kill(child, SIGKILL);  // what it told before is still read
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;  // at work
  }

  std::map<Bytes32, Member> members;
  for (const auto& member : open().members("home").value())
    EXPECT_TRUE(members.emplace(member.codeHash, member).second) << member.account;
  for (const auto& [number, round] : acknowledged) {
    ASSERT_TRUE(members.contains(bytes(number))) << number;
    EXPECT_EQ(members.at(bytes(number)).key, bytes(round));
  }
  // The others are as good as they were.
  auto store = open();
  for (int i = 0; i < codes; ++i)
    EXPECT_EQ(store.take(bytes(i), robot("late-" + std::to_string(i), 999), today).has_value(),
              !members.contains(bytes(i)));
}

TEST_F(FleetStoreTest, losesNothingWhenTheDiskIsFull) {
  constexpr int codes = 20;
  {
    auto store = open();
    for (int i = 0; i < codes; ++i) store.add(code(i), today).value();
  }
  auto store = open();
  int taken = 0;
  {
    // For some transactions in the write-ahead log, which begins anew.
    const test::SmallDisk full(std::uintmax_t{64} * 1024);
    run::Result<FleetStore::Taken> last = store.take(bytes(0), robot("r0", 1000), today);
    while (last && ++taken < codes)
      last = store.take(bytes(taken), robot("r" + std::to_string(taken), 1000 + taken), today);
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, run::Code::invalidConfig);
    EXPECT_THAT(last.error().nextStep, HasSubstr("nothing was changed"));
  }
  ASSERT_GT(taken, 0);
  EXPECT_EQ(store.members("home").value().size(), static_cast<std::size_t>(taken));
  auto other = open();
  for (int i = 0; i < codes; ++i)
    EXPECT_EQ(other.take(bytes(i), robot("d" + std::to_string(i), 2000), today).has_value(), i >= taken) << i;
  EXPECT_EQ(store.members("home").value().size(), static_cast<std::size_t>(codes));
}

TEST_F(FleetStoreTest, readsAFileOfTheFirstSchema) {
  std::filesystem::copy_file(test::sourceFolder() / "tests/data/fleets-schema-1.db", file());
  ::chmod(file().c_str(), 0600);
  auto store = open();
  const auto all = store.members("home").value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].account, accountOf("ana"));
  EXPECT_EQ(all[0].kind, Kind::owner);
  EXPECT_EQ(all[1].account, accountOf("r2"));
  EXPECT_EQ(all[1].key, bytes(6));
  EXPECT_EQ(all[1].revoked, today + seconds(7));
  EXPECT_EQ(all[2].key, bytes(7));
  EXPECT_EQ(all[2].confirmed, today + seconds(8));
  EXPECT_EQ(all[2].statement.value().signature, statementOf(all[2]).signature);
  expectBadCode(store.take(bytes(3), robot("d2", 8), today), "was used already");
  const auto taken = store.take(bytes(4), robot("d2", 8), today).value();  // which ana made
  EXPECT_EQ(taken.code.introduction, bytes(9));
  EXPECT_EQ(taken.member.id, 4);  // numbers go on
}

TEST_F(FleetStoreTest, readsAFileOfTheSecondSchema) {
  std::filesystem::copy_file(test::sourceFolder() / "tests/data/fleets-schema-2.db", file());
  ::chmod(file().c_str(), 0600);
  auto store = open();
  const auto all = store.members("home").value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[0].isMade);
  EXPECT_FALSE(all[2].isMade);
  EXPECT_EQ(store.moved(accountOf("ana"), 20000).value(), 0);
  store.addMoved({{accountOf("ana"), 20000, 5}}).value();
  EXPECT_EQ(open().moved(accountOf("ana"), 20000).value(), 5);
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

TEST_F(FleetStoreTest, noticesThatAnotherProcessHasChangedSomething) {
  auto store = open(), other = open();
  store.isChangedByOthers().value();
  enrolled(store, 1, robot("r2", 5));
  EXPECT_FALSE(store.isChangedByOthers().value());
  other.revoke(accountOf("r2"), today).value();
  EXPECT_TRUE(store.isChangedByOthers().value());
  EXPECT_FALSE(store.isChangedByOthers().value());
}

TEST_F(FleetStoreTest, leavesAFileOfANewerBeckonAlone) {
  {
    auto store = open();
    enrolled(store, 1, robot("r2", 5));
  }
  make("PRAGMA user_version = 4");
  const auto before = content();
  const auto refused = refusalToOpen();
  EXPECT_EQ(refused.code, run::Code::invalidConfig);
  EXPECT_THAT(refused.cause, HasSubstr("was written by a newer Beckon (schema 4; this one knows 3)"));
  EXPECT_THAT(refused.nextStep, HasSubstr("use the newer Beckon"));
  EXPECT_EQ(content(), before);
}

TEST_F(FleetStoreTest, opensNoFileOfSomethingElse) {
  static_cast<void>(policy::Tokens::open(file()).value());
  EXPECT_EQ(refusalToOpen().code, run::Code::invalidConfig);
  EXPECT_THAT(refusalToOpen().cause, HasSubstr("holds something else than fleets"));
  std::filesystem::remove(file());
  std::ofstream(file()) << std::string(10000, 'x');
  ::chmod(file().c_str(), 0600);
  EXPECT_THAT(refusalToOpen().cause, HasSubstr("is damaged or no database"));
}

TEST_F(FleetStoreTest, saysWhichMemberIsDamaged) {
  auto store = open();
  const auto member = enrolled(store, 1, robot("r2", 5));
  make("UPDATE members SET key = x'00'");
  const auto read = store.members("home");
  EXPECT_EQ(read.error().code, run::Code::invalidConfig);
  EXPECT_THAT(read.error().cause, HasSubstr("is damaged: member " + std::to_string(member.id)));
}

}  // namespace
}  // namespace beckon::relay
