#include "policy/live_tokens.hpp"

#include "tests/policy/store.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace beckon::policy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::today;
using testing::ElementsAre;
using testing::IsEmpty;

class LiveTokensTest : public testing::Test {
 protected:
  LiveTokensTest()
      : writer(store.open()), live(io.get_executor(), store.open(), run::silentLog(), [this] { return now; }) {
    listening = live.onEnded(
        [this](const LiveTokens::Ended& token) { told.push_back(token.name + ": " + std::string(token.reason)); });
  }
  std::string make(const std::string& name, std::optional<seconds> lifetime = {}) {
    return writer.create(name, "operator", lifetime, now).value().text;
  }
  // What was told by one look.
  std::vector<std::string> look() {
    told.clear();
    live.look();
    io.restart();
    io.poll();
    return told;
  }

  test::Store store;
  boost::asio::io_context io;
  WallTime now = today;
  Tokens writer;  // the command line's
  LiveTokens live;
  std::vector<std::string> told;
  std::shared_ptr<void> listening;
};

TEST_F(LiveTokensTest, findATokenAsSoonAsItIsMade) {
  const auto text = make("tablet");
  const auto found = live.find(text);
  ASSERT_TRUE(found.token);
  EXPECT_EQ(found.token->name, "tablet");
  EXPECT_TRUE(live.isGood(found.token->id));
}

TEST_F(LiveTokensTest, doNotFindWhatNobodyWasGiven) {
  make("tablet");
  for (const auto& text : {std::string("tablet"), std::string(), randomTokenText()}) {
    const auto found = live.find(text);
    EXPECT_EQ(found.token.error().code, run::Code::notAuthenticated);
    EXPECT_EQ(found.token.error().cause, "bad token");
    EXPECT_FALSE(found.isKnown);
  }
}

TEST_F(LiveTokensTest, refuseARevokedTokenAtOnce) {
  const auto text = make("tablet");
  ASSERT_TRUE(live.find(text).token);
  writer.revoke("tablet", now).value();
  const auto found = live.find(text);
  EXPECT_EQ(found.token.error().cause, "the token was revoked");
  EXPECT_TRUE(found.isKnown);
}

TEST_F(LiveTokensTest, tellOfARevocationOnceAndOfNothingElse) {
  const auto tablet = make("tablet"), desk = make("desk");
  const auto id = live.find(tablet).token->id;
  EXPECT_THAT(look(), IsEmpty());
  writer.revoke("tablet", now).value();
  EXPECT_THAT(look(), ElementsAre("tablet: the token was revoked"));
  EXPECT_FALSE(live.isGood(id));
  EXPECT_THAT(look(), IsEmpty());
  make("another");
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_TRUE(live.find(desk).token);
}

TEST_F(LiveTokensTest, tellOfTheEndOfATokenAtItsSecond) {
  const auto text = make("tablet", hours(1));
  EXPECT_THAT(look(), IsEmpty());
  now += hours(1) - seconds(1);
  EXPECT_THAT(look(), IsEmpty());
  now += seconds(1);
  EXPECT_THAT(look(), ElementsAre("tablet: the token has expired"));
  EXPECT_EQ(live.find(text).token.error().cause, "the token has expired");
}

TEST_F(LiveTokensTest, withAnEndAreRefusedWhileTheClockStandsAt1970) {
  const auto withEnd = make("tablet", hours(1)), withoutEnd = make("desk");
  EXPECT_THAT(look(), IsEmpty());
  now = WallTime(seconds(100));
  EXPECT_EQ(look().size(), 1u);
  const auto found = live.find(withEnd);
  EXPECT_EQ(found.token.error().cause, "the robot's clock is not set, so that a token with an end cannot be judged");
  EXPECT_TRUE(live.find(withoutEnd).token);
  now = today;  // the clock is set
  EXPECT_TRUE(live.find(withEnd).token);
}

TEST_F(LiveTokensTest, followAClockThatIsSetAnHourForwardAndBack) {
  const auto text = make("tablet", hours(1)), week = make("desk", hours(7 * 24));
  look();
  now += hours(1);
  EXPECT_THAT(look(), ElementsAre("tablet: the token has expired"));
  EXPECT_TRUE(live.find(week).token);
  now -= hours(1);
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_TRUE(live.find(text).token);
}

TEST_F(LiveTokensTest, tellTheOldTokenFromANewOneOfTheSameName) {
  const auto before = make("tablet");
  const auto oldId = live.find(before).token->id;
  writer.revoke("tablet", now).value();
  const auto after = make("tablet");
  std::vector<std::int64_t> ids;
  listening = live.onEnded([&](const LiveTokens::Ended& token) { ids.push_back(token.id); });
  const auto newId = live.find(after).token->id;
  look();
  EXPECT_THAT(ids, ElementsAre(oldId));
  EXPECT_TRUE(live.isGood(newId));
}

TEST_F(LiveTokensTest, doNotTellFromWithinALookUp) {
  const auto tablet = make("tablet"), desk = make("desk");
  look();
  writer.revoke("tablet", now).value();
  ASSERT_TRUE(live.find(desk).token);
  EXPECT_THAT(told, IsEmpty());
  io.restart();
  io.poll();
  EXPECT_THAT(told, ElementsAre("tablet: the token was revoked"));
}

TEST_F(LiveTokensTest, doNotTellWhoListensNoMore) {
  make("tablet");
  look();
  listening.reset();
  writer.revoke("tablet", now).value();
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(LiveTokensTest, letAHandlerEndItselfAndTheOthers) {
  make("tablet");
  make("desk");
  look();
  auto another = live.onEnded([&](const LiveTokens::Ended&) { told.emplace_back("another"); });
  listening = live.onEnded([&](const LiveTokens::Ended&) {
    told.emplace_back("last");
    another.reset();
    listening.reset();
  });
  writer.revoke("tablet", now).value();
  writer.revoke("desk", now).value();
  EXPECT_THAT(look(), ElementsAre("another", "last"));
}

TEST_F(LiveTokensTest, areToldWithinASecondByTheTimer) {
  make("tablet");
  live.start();
  test::runUntil(
      io, [] { return false; }, 2 * LiveTokens::period);
  const auto begun = std::chrono::steady_clock::now();
  store.open().revoke("tablet", now).value();
  EXPECT_TRUE(test::runUntil(io, [&] { return !told.empty(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(1));
  live.stop();
  io.restart();
  io.run_for(seconds(2));
  EXPECT_TRUE(io.stopped()) << "a timer is left";
}

TEST_F(LiveTokensTest, countOnlyTheFileThatIsInPlace) {
  const auto text = make("tablet");
  ASSERT_TRUE(live.find(text).token);
  for (const auto& entry : std::filesystem::directory_iterator(store.folder.path()))
    std::filesystem::remove(entry.path());
  EXPECT_THAT(look(), ElementsAre("tablet: the token was removed"));
  EXPECT_EQ(live.find(text).token.error().cause, "bad token");
  const auto anew = store.open().create("tablet", "operator", {}, now).value().text;
  EXPECT_TRUE(live.find(anew).token);
}

TEST_F(LiveTokensTest, letNobodyInAndEndWhenTheFileCannotBeReadThreeTimesInARow) {
  const auto text = make("tablet");
  ASSERT_TRUE(live.find(text).token);
  { store.open().database().execute("PRAGMA user_version = 99").value(); }
  // It may be for a moment only, however many come in it.
  for (int i = 0; i < 10; ++i) EXPECT_EQ(live.find(text).token.error().code, run::Code::invalidConfig);
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_THAT(look(), ElementsAre("tablet: the robot cannot read its tokens"));
  EXPECT_THAT(look(), IsEmpty());
  ASSERT_TRUE(Database::open(store.file()).value().execute("PRAGMA user_version = 2"));
  EXPECT_TRUE(live.find(text).token);
}

}  // namespace
}  // namespace beckon::policy
