#include "policy/tokens.hpp"
#include "tests/cloud-relay/fleet_store_fixture.hpp"
#include "tests/support/places.hpp"
#include "tests/support/small_disk.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>
#include <random>

namespace beckon::relay {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class FleetStoreFileTest : public FleetStoreTest {
 protected:
  // What a process that takes codes has been told, as it passes it on. So large that a pipe of one page holds few of
  // them: no process is far ahead of who reads and kills it.
  struct Told {
    int code = 0, round = 0;
    std::array<char, 504> filling{};
  };
  static constexpr int page = 4096, mostAhead = page / sizeof(Told);

  // Takes every code that it can, as one robot for each, and tells the descriptor of it; never returns.
  [[noreturn]] static void takeAll(const std::filesystem::path& file, int codes, int round, int tell) {
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
};

TEST_F(FleetStoreFileTest, holdsWhatItAcknowledgedWheneverItIsKilled) {
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

TEST_F(FleetStoreFileTest, losesNothingWhenTheDiskIsFull) {
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

TEST_F(FleetStoreFileTest, readsAFileOfTheFirstSchema) {
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

TEST_F(FleetStoreFileTest, readsAFileOfTheSecondSchema) {
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

TEST_F(FleetStoreFileTest, noticesThatAnotherProcessHasChangedSomething) {
  auto store = open(), other = open();
  store.isChangedByOthers().value();
  enrolled(store, 1, robot("r2", 5));
  EXPECT_FALSE(store.isChangedByOthers().value());
  other.revoke(accountOf("r2"), today).value();
  EXPECT_TRUE(store.isChangedByOthers().value());
  EXPECT_FALSE(store.isChangedByOthers().value());
}

TEST_F(FleetStoreFileTest, leavesAFileOfANewerBeckonAlone) {
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

TEST_F(FleetStoreFileTest, opensNoFileOfSomethingElse) {
  static_cast<void>(policy::Tokens::open(file()).value());
  EXPECT_EQ(refusalToOpen().code, run::Code::invalidConfig);
  EXPECT_THAT(refusalToOpen().cause, HasSubstr("holds something else than fleets"));
  std::filesystem::remove(file());
  std::ofstream(file()) << std::string(10000, 'x');
  ::chmod(file().c_str(), 0600);
  EXPECT_THAT(refusalToOpen().cause, HasSubstr("is damaged or no database"));
}

TEST_F(FleetStoreFileTest, saysWhichMemberIsDamaged) {
  auto store = open();
  const auto member = enrolled(store, 1, robot("r2", 5));
  make("UPDATE members SET key = x'00'");
  const auto read = store.members("home");
  EXPECT_EQ(read.error().code, run::Code::invalidConfig);
  EXPECT_THAT(read.error().cause, HasSubstr("is damaged: member " + std::to_string(member.id)));
}

}  // namespace
}  // namespace beckon::relay
