#include "policy/audit/trail.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <fstream>

namespace beckon::policy::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class AuditTrail : public testing::Test {
 protected:
  AuditTrail() { options.folder = folder.path() / "audit"; }
  ~AuditTrail() override { close(); }

  void open() { trail = tryOpen().value(); }
  run::Result<std::shared_ptr<Trail>> tryOpen() {
    const Clock clock{[this] { return steady; }, [this] { return wall; }};
    return Trail::open(io.get_executor(), options, run::silentLog(), clock);
  }
  void close() {
    if (trail) trail->close();
    trail.reset();
    turn();
  }
  void turn() {
    io.restart();
    io.poll();
  }
  // Until the trail has tried again.
  void second() {
    steady += Trail::retry;
    io.restart();
    io.run_for(Trail::retry + std::chrono::milliseconds(200));
  }
  void call(const std::string& id, Outcome outcome = Outcome::done) {
    trail->add({.what = What::call, .outcome = outcome, .who = "token:tablet", .id = id});
  }
  std::vector<SegmentName> segments() const { return segmentsOf(options.folder).value(); }
  std::string textOf(std::size_t i) const { return readSegment(segments().at(i).path).value(); }
  std::vector<nlohmann::json> entries() const {
    std::vector<nlohmann::json> out;
    for (const auto& segment : segments()) {
      std::istringstream lines(readSegment(segment.path).value());
      for (std::string line; std::getline(lines, line);)
        if (auto entry = nlohmann::json::parse(line); entry.contains("at")) out.push_back(std::move(entry));
    }
    return out;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const auto& entry : entries())
      if (entry.contains("id")) out.push_back(entry["id"]);
    return out;
  }
  std::vector<nlohmann::json> all(const std::string& what) const {
    auto out = entries();
    std::erase_if(out, [&](const nlohmann::json& entry) { return entry["what"] != what; });
    return out;
  }
  // What does not hold; empty: it is sound.
  std::string broken() const {
    Verifier verifier;
    const auto names = segments();
    for (std::size_t i = 0; i < names.size(); ++i)
      if (const auto found = verifier.segment(names[i].number, readSegment(names[i].path).value(), false))
        return names[i].path.filename().string() + ": " + found->what;
    return {};
  }

  test::TemporaryFolder folder;
  boost::asio::io_context io;
  std::chrono::steady_clock::time_point steady = std::chrono::steady_clock::time_point() + std::chrono::hours(5);
  std::chrono::system_clock::time_point wall =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(18);
  Options options;
  std::shared_ptr<Trail> trail;
};

TEST_F(AuditTrail, writesTheEntriesOfATurnAtOnceAndChained) {
  open();
  call("1");
  call("2");
  EXPECT_THAT(ids(), IsEmpty());
  turn();
  EXPECT_THAT(ids(), ElementsAre("1", "2"));
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(trail->link().number, 2u);  // the head, and these
  turn();
  EXPECT_EQ(trail->link().number, 2u);
}

TEST_F(AuditTrail, flushWritesBeforeItReturns) {
  open();
  call("1");
  EXPECT_TRUE(trail->flush());
  EXPECT_THAT(ids(), ElementsAre("1"));
  bool isTold = false;
  call("2");
  trail->whenWritten([&] {
    isTold = true;
    EXPECT_THAT(ids(), ElementsAre("1", "2"));
  });
  EXPECT_TRUE(isTold);
}

TEST_F(AuditTrail, isForItsOwnerAlone) {
  open();
  struct stat found {};
  ::stat(options.folder.c_str(), &found);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
  ::stat(segments().at(0).path.c_str(), &found);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(AuditTrail, goesOnWithTheChainOfTheProcessBefore) {
  open();
  call("1");
  const auto before = trail->newSession();
  close();
  open();
  call("2");
  close();
  EXPECT_THAT(segments(), SizeIs(1));
  EXPECT_THAT(ids(), ElementsAre("1", "2"));
  EXPECT_EQ(broken(), "");
  open();
  EXPECT_NE(trail->newSession(), before);
}

TEST_F(AuditTrail, putsAsideWhatAProcessThatDiedDidNotFinishAndSaysSo) {
  open();
  call("1");
  close();
  const auto whole = textOf(0);
  for (const auto& torn : {std::string("{\"at\":\"2026"), std::string("{\"at\":1}\n{\"at\":2}\n{\"chain\":3,\"li")}) {
    std::ofstream(segments().at(0).path, std::ios::app) << torn;
    open();
    call("2");
    close();
    EXPECT_EQ(broken(), "");
    EXPECT_THAT(all("torn").back()["note"], HasSubstr(std::to_string(torn.size()) + " bytes"));
    std::ifstream aside(segments().at(0).path.string() + ".torn");
    EXPECT_THAT(std::string(std::istreambuf_iterator<char>(aside), {}), testing::EndsWith(torn));
  }
  EXPECT_EQ(textOf(0).substr(0, whole.size()), whole);
}

TEST_F(AuditTrail, beginsASegmentAnewThatWasBegunAndNoMore) {
  options.segment = 1000;
  open();
  while (segments().size() < 2) {
    call("1");
    turn();
  }
  close();
  const auto second = segments().at(1).path;
  for (const char* left : {"", "{\"segment\":2,\"for"}) {
    std::ofstream(second, std::ios::trunc) << left;
    open();
    call("2");
    close();
    EXPECT_EQ(broken(), "") << left;
    EXPECT_EQ(ids().back(), "2");
  }
}

TEST_F(AuditTrail, beginsAnotherSegmentAtItsSizeAndRemovesTheOldestForRoom) {
  options.segment = 2000;
  options.keep = 10'000;
  open();
  for (int i = 0; i < 300; ++i) {
    call(std::to_string(i));
    turn();
  }
  close();
  const auto kept = segments();
  EXPECT_GT(kept.front().number, 1u);
  std::uint64_t total = 0;
  for (const auto& each : kept) total += std::filesystem::file_size(each.path);
  EXPECT_LE(total, options.keep + 2 * options.segment);
  EXPECT_GE(total, options.keep / 2);
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(ids().back(), "299");
  EXPECT_THAT(all("removed").back()["note"], HasSubstr(".jsonl, for room"));
}

TEST_F(AuditTrail, removesWhatIsTooOldUnlessTheClockIsNotSet) {
  options.segment = 1000;
  options.days = std::chrono::days(2);
  wall = std::chrono::system_clock::now();  // files have the system's times
  open();
  while (segments().size() < 3) {
    call("1");
    turn();
  }
  close();
  const auto now = wall;
  wall = std::chrono::system_clock::time_point();
  open();
  close();
  EXPECT_THAT(segments(), SizeIs(testing::Ge(3u)));
  wall = now + std::chrono::days(3);
  open();
  close();
  EXPECT_THAT(segments(), SizeIs(1));
  EXPECT_THAT(all("removed").at(0)["note"], HasSubstr("for its age"));
  EXPECT_EQ(broken(), "");
}

TEST_F(AuditTrail, countsAFloodOfRefusals) {
  open();
  for (int i = 0; i < 1000; ++i) call(std::to_string(i), Outcome::refused);
  call("done");
  steady += Flood::window;
  second();
  EXPECT_THAT(ids(), SizeIs(Flood::mostInAWindow + 1));
  ASSERT_THAT(all("more"), SizeIs(1));
  EXPECT_EQ(all("more")[0]["count"], 1000 - Flood::mostInAWindow);
  EXPECT_EQ(all("more")[0]["who"], "token:tablet");
  EXPECT_EQ(broken(), "");
}

TEST_F(AuditTrail, isWrittenByOneProcessAtATime) {
  open();
  call("1");
  const auto other = tryOpen();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, run::Code::invalidConfig);
  call("2");
  close();
  open();
  EXPECT_THAT(ids(), ElementsAre("1", "2"));
  EXPECT_EQ(broken(), "");
}

TEST_F(AuditTrail, holdsAnswersBackWhileTheDiskIsFullAndTakesNothingMore) {
  open();
  call("1");
  turn();
  bool isTold = false;
  {
    const test::SmallDisk full(std::filesystem::file_size(segments().at(0).path) + 50);  // half a line fits
    call("2");
    EXPECT_FALSE(trail->flush());
    EXPECT_FALSE(trail->takesMore());
    trail->whenWritten([&] { isTold = true; });
    second();
    EXPECT_FALSE(isTold);
    EXPECT_EQ(broken(), "");  // nothing torn was left
    EXPECT_THAT(ids(), ElementsAre("1"));
  }
  second();
  EXPECT_TRUE(isTold);
  EXPECT_TRUE(trail->takesMore());
  EXPECT_THAT(ids(), ElementsAre("1", "2"));
  EXPECT_EQ(broken(), "");
}

TEST_F(AuditTrail, goesOnWithAnAlarmIfItIsToldTo) {
  options.whenFull = Options::WhenFull::goOn;
  open();
  call("1");
  turn();
  {
    const test::SmallDisk full(std::filesystem::file_size(segments().at(0).path));
    for (int i = 0; i < 3; ++i) {
      call("lost");
      EXPECT_TRUE(trail->flush());
      EXPECT_TRUE(trail->takesMore());
    }
    second();
    call("lost");
    EXPECT_TRUE(trail->flush());
  }
  second();
  call("2");
  turn();
  EXPECT_THAT(ids(), ElementsAre("1", "2"));
  ASSERT_THAT(all("lost"), SizeIs(1));
  EXPECT_EQ(all("lost")[0]["count"], 4);
  EXPECT_EQ(broken(), "");
}

TEST_F(AuditTrail, keepsNoMoreThanItsLimitWhileTheDiskIsFull) {
  open();
  {
    const test::SmallDisk full(std::filesystem::file_size(segments().at(0).path));
    const std::string note(500, 'x');
    for (std::size_t i = 0; i < Trail::mostWaiting / 500 + 1000; ++i) {
      trail->add({.what = What::leave, .note = note});
      trail->flush();
    }
  }
  second();
  EXPECT_GT(all("lost").at(0)["count"], 500);
  EXPECT_EQ(broken(), "");
}

TEST_F(AuditTrail, survivingPowerLossIsAskedOfTheDisk) {
  options.survives = Options::Survives::powerLoss;
  open();
  call("1");
  EXPECT_TRUE(trail->flush());
  EXPECT_THAT(ids(), ElementsAre("1"));
}

TEST_F(AuditTrail, aFolderThatCannotBeUsedIsToldAtTheStart) {
  std::ofstream(folder.path() / "audit") << "a file";
  EXPECT_EQ(tryOpen().error().code, run::Code::invalidConfig);
}

}  // namespace
}  // namespace beckon::policy::audit
