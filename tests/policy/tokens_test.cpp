#include "policy/tokens.hpp"

#include "tests/policy/store.hpp"
#include "tests/support/places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace beckon::policy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::today;
using testing::HasSubstr;
using testing::Not;

class TokensTest : public testing::Test {
 protected:
  std::string readFixture(const std::string& name) const {
    std::ifstream in(test::sourceFolder() / "tests/data/policy" / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Makes the file as another program would have left it.
  void make(const std::string& sql) const {
    auto database = Database::open(store.file()).value();
    ASSERT_TRUE(database.execute(sql));
  }
  run::Error refusal() const {
    const auto opened = Tokens::open(store.file());
    EXPECT_FALSE(opened);
    return opened ? run::Error() : opened.error();
  }
  test::Store store;
};

TEST_F(TokensTest, findATokenByWhatItsHolderShows) {
  auto tokens = store.open();
  const auto made = tokens.create("tablet", "operator", hours(1), today).value();
  tokens.create("desk", "guest", {}, today).value();
  const auto found = tokens.find(tokenHash(made.text).value()).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "tablet");
  EXPECT_EQ(found->role, "operator");
  EXPECT_EQ(found->made, today);
  EXPECT_EQ(found->end, today + hours(1));
  EXPECT_FALSE(found->revoked);
  EXPECT_EQ(found->id, made.token.id);
  EXPECT_FALSE(tokens.find(tokenHash(randomTokenText()).value()).value());
}

TEST_F(TokensTest, areThereAfterTheProgramHasEnded) {
  const auto text = store.open().create("tablet", "operator", {}, today).value().text;
  store.open().revoke("tablet", today + seconds(5)).value();
  const auto found = store.open().find(tokenHash(text).value()).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->revoked, today + seconds(5));
  EXPECT_FALSE(found->end);
}

TEST_F(TokensTest, keepNoSecret) {
  auto tokens = store.open();
  const auto text = tokens.create("tablet", "operator", hours(1), today).value().text;
  EXPECT_THAT(store.content(), HasSubstr("tablet"));
  EXPECT_THAT(store.content(), Not(HasSubstr(text)));
  EXPECT_THAT(store.content(), Not(HasSubstr(text.substr(4, 30))));
}

TEST_F(TokensTest, areListedByName) {
  auto tokens = store.open();
  for (const char* name : {"c", "a", "b"}) tokens.create(name, "guest", {}, today).value();
  const auto list = tokens.list().value();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].name + list[1].name + list[2].name, "abc");
}

TEST_F(TokensTest, haveEachNameOnceWhileItIsGood) {
  auto tokens = store.open();
  const auto first = tokens.create("tablet", "operator", hours(1), today).value();
  EXPECT_EQ(tokens.create("tablet", "guest", {}, today).error().code, run::Code::nameTaken);
  // A clock that cannot judge does not free the name.
  EXPECT_EQ(tokens.create("tablet", "guest", {}, WallTime()).error().code, run::Code::nameTaken);
  const auto second = tokens.create("tablet", "guest", {}, today + hours(1)).value();  // the first has ended
  EXPECT_GT(second.token.id, first.token.id);
  EXPECT_FALSE(tokens.find(tokenHash(first.text).value()).value());
  tokens.revoke("tablet", today).value();
  EXPECT_GT(tokens.create("tablet", "guest", {}, today).value().token.id, second.token.id);
  EXPECT_EQ(tokens.list().value().size(), 1u);
}

TEST_F(TokensTest, stayRevokedFromTheFirstTime) {
  auto tokens = store.open();
  tokens.create("tablet", "operator", {}, today).value();
  tokens.revoke("tablet", today + seconds(1)).value();
  EXPECT_EQ(tokens.revoke("tablet", today + seconds(2)).value().revoked, today + seconds(1));
}

TEST_F(TokensTest, refuseWhatMakesNoSense) {
  auto tokens = store.open();
  const auto code = [](const auto& result) { return result.error().code; };
  EXPECT_EQ(code(tokens.revoke("tablet", today)), run::Code::invalidArgument);
  for (const char* name : {"", "a b", "*", "a:b"}) {
    EXPECT_EQ(code(tokens.create(name, "guest", {}, today)), run::Code::invalidArgument) << name;
    EXPECT_EQ(code(tokens.create("a", name, {}, today)), run::Code::invalidArgument) << name;
  }
  EXPECT_EQ(code(tokens.create("a", "guest", seconds(0), today)), run::Code::invalidArgument);
  EXPECT_EQ(code(tokens.create("a", "guest", seconds(-1), today)), run::Code::invalidArgument);
  EXPECT_TRUE(tokens.list().value().empty());
}

TEST_F(TokensTest, doNotRepeatASecretThatWasGivenForAName) {
  auto tokens = store.open();
  const auto text = randomTokenText();
  for (const auto& error : {tokens.revoke(text, today).error(), tokens.create(text, "guest", {}, today).error(),
                            tokens.create("a", text, {}, today).error()}) {
    EXPECT_EQ(error.code, run::Code::invalidArgument);
    EXPECT_THAT(error.cause + error.nextStep, Not(HasSubstr(text)));
  }
}

TEST_F(TokensTest, withAnEndAreNotMadeWhileTheClockStandsAt1970) {
  auto tokens = store.open();
  const auto refused = tokens.create("tablet", "operator", hours(1), WallTime());
  EXPECT_EQ(refused.error().code, run::Code::invalidArgument);
  EXPECT_THAT(refused.error().cause, HasSubstr("the clock is not set"));
  EXPECT_TRUE(tokens.create("tablet", "operator", {}, WallTime()));
}

TEST_F(TokensTest, canBeReadByTheirOwnerOnly) {
  const auto tokens = store.open();
  for (const auto& entry : std::filesystem::directory_iterator(store.folder.path())) {
    struct ::stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(TokensTest, areNotOpenedWhereOthersCanChangeThem) {
  { const auto tokens = store.open(); }
  ::chmod(store.file().c_str(), 0660);
  EXPECT_EQ(refusal().code, run::Code::invalidConfig);
  EXPECT_EQ(refusal().nextStep, "chmod 600 " + store.file().string());
}

TEST_F(TokensTest, ofAnOlderSchemaAreBroughtUpToDate) {
  make(readFixture("tokens-1.sql"));
  auto tokens = store.open();
  const auto list = tokens.list().value();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].name, "tablet");
  EXPECT_EQ(list[1].end, WallTime(seconds(1790604800)));
  EXPECT_FALSE(list[1].revoked);
  TokenSecret secret;
  secret.fill(2);
  EXPECT_EQ(tokens.find(tokenHash(tokenText(secret)).value()).value()->name, "desk");
  EXPECT_TRUE(tokens.revoke("tablet", today));
  EXPECT_EQ(tokens.create("new", "guest", {}, today).value().token.id, 10);  // numbers go on
  EXPECT_EQ(tokens.database().number("PRAGMA user_version").value(), Tokens::schema);
}

TEST_F(TokensTest, ofAnOlderSchemaAreBroughtUpToDateOnceByTwoAtTheSameTime) {
  make(readFixture("tokens-1.sql"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { EXPECT_EQ(store.open().list().value().size(), 2u); });
  for (auto& thread : threads) thread.join();
}

TEST_F(TokensTest, ofANewerBeckonAreRefusedAndLeftAlone) {
  { const auto tokens = store.open(); }
  make("PRAGMA user_version = 3");
  EXPECT_THAT(refusal().cause, HasSubstr("was written by a newer Beckon (schema 3; this one knows 2)"));
  EXPECT_THAT(refusal().nextStep, HasSubstr("use the newer Beckon"));
  EXPECT_EQ(Database::open(store.file()).value().number("PRAGMA user_version").value(), 3);
}

TEST_F(TokensTest, areNotLookedForInADatabaseOfSomethingElse) {
  make("CREATE TABLE recipes (name TEXT)");
  EXPECT_THAT(refusal().cause, HasSubstr("holds something else than tokens"));
}

TEST_F(TokensTest, areNotLookedForInAFileThatIsNoDatabase) {
  std::ofstream(store.file()) << std::string(10000, 'x');
  ::chmod(store.file().c_str(), 0600);
  EXPECT_EQ(refusal().code, run::Code::invalidConfig);
  EXPECT_THAT(refusal().cause, HasSubstr("is damaged or no database"));
}

TEST_F(TokensTest, sayThatTheFolderIsMissing) {
  const auto opened = Tokens::open(store.folder.path() / "nowhere" / "tokens.db");
  EXPECT_THAT(opened.error().cause, HasSubstr("No such file or directory"));
  EXPECT_FALSE(opened.error().nextStep.empty());
}

TEST_F(TokensTest, sayThatTheDiskIsFullAndAreAsBefore) {
  auto tokens = store.open();
  const auto text = tokens.create("before", "guest", {}, today).value().text;
  // As a full disk: sqlite may take no further page.
  const auto pages = tokens.database().number("PRAGMA page_count").value();
  tokens.database().execute("PRAGMA max_page_count = " + std::to_string(pages)).value();
  run::Result<Tokens::Made> made = tokens.create("0", "guest", {}, today);
  for (int i = 1; made && i < 1000; ++i) made = tokens.create(std::to_string(i), "guest", {}, today);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, run::Code::invalidConfig);
  EXPECT_THAT(made.error().cause, HasSubstr("the disk is full"));
  EXPECT_TRUE(tokens.find(tokenHash(text).value()).value());
  EXPECT_TRUE(tokens.revoke("before", today));  // that takes no room
  EXPECT_TRUE(store.open().list());
}

TEST_F(TokensTest, areNobodyElsesWhileAnotherProcessMakesThem) {
  for (int round = 0; round < 20; ++round) {
    const auto file = store.file().string() + std::to_string(round);
    std::array<int, 2> start{};
    ASSERT_EQ(::pipe(start.data()), 0);
    std::vector<pid_t> children;
    for (int process = 0; process < 8; ++process) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        ::close(start[1]);
        char nothing = 0;
        [[maybe_unused]] const auto ended = ::read(start[0], &nothing, 1);  // when all are there
        bool isGood = true;
        for (int i = 0; i < 20; ++i) isGood = isGood && Tokens::open(file);
        ::_exit(isGood ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const int each : start) ::close(each);
    for (const auto child : children) {
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0) << "round " << round;
    }
  }
}

TEST_F(TokensTest, areMadeAndRevokedByManyProcessesAtOnce) {
  constexpr int processes = 4, each = 20;
  std::vector<pid_t> children;
  for (int process = 0; process < processes; ++process) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool isGood = true;
      for (int i = 0; i < each; ++i) {
        const auto name = std::to_string(process) + "-" + std::to_string(i);
        auto tokens = Tokens::open(store.file());  // the first of them makes it
        isGood = isGood && tokens && tokens->create(name, "guest", {}, today) && (i % 2 || tokens->revoke(name, today));
      }
      ::_exit(isGood ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const auto child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const auto list = store.open().list().value();
  EXPECT_EQ(list.size(), static_cast<std::size_t>(processes * each));
  EXPECT_EQ(std::count_if(list.begin(), list.end(), [](const auto& token) { return token.revoked.has_value(); }),
            processes * each / 2);
}

}  // namespace
}  // namespace beckon::policy
