#include "fleet/membership.hpp"

#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"
#include "tests/support/places.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

namespace beckon::fleet {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

class MembershipTest : public testing::Test {
 protected:
  fs::path file() const { return folder.path() / Membership::fileName; }
  std::string content() const {
    std::ifstream in(file());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& text) const {
    std::ofstream(file()) << text;
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
  }
  // What is said of a file that is no membership.
  run::Error refusal() const {
    const auto loaded = Membership::load(folder.path());
    EXPECT_FALSE(loaded) << content();
    return loaded ? run::Error() : loaded.error();
  }
  static ::mode_t mode(const fs::path& path) {
    struct ::stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }

  Code codeFor(Kind kind) const {
    return Code::parse("relay.example:5443/home/" + std::string(text(kind)) + "/3q2-7w8fT5GJ0aXhVw1zRg").value();
  }
  Claim claimOf(Kind kind) const { return {kind, "home", "r2", r2Id, key.publicKey()}; }
  EnrolmentAnswer answer() const {
    EnrolmentAnswer out;
    out.account = r2Account;
    out.secret = "hush";
    out.host = "xmpp.example";
    out.port = 5222;
    out.relay = "relay.robots.example";
    out.ownerAccount = "alice@robots.example";
    out.ownerKey = owner.publicKey();
    out.introduction = codeFor(Kind::robot).introductionOf(out.ownerAccount, out.ownerKey);
    return out;
  }
  run::Result<Membership> made(const EnrolmentAnswer& of, Kind kind = Kind::robot) const {
    return Membership::make(folder.path(), codeFor(kind), claimOf(kind), of);
  }
  void expectBadStatement(const EnrolmentAnswer& of, Kind kind = Kind::robot) const {
    const auto membership = made(of, kind);
    ASSERT_FALSE(membership);
    EXPECT_EQ(membership.error().code, run::Code::badStatement);
    EXPECT_THAT(membership.error().cause, HasSubstr("the relay names " + of.ownerAccount));
    EXPECT_THAT(membership.error().nextStep, HasSubstr("do not use this relay"));
  }

  const test::TemporaryFolder folder;
  const run::PrivateKey key = test::keyNumber(2), owner = test::keyNumber(1);
};

TEST_F(MembershipTest, isNoneWhereNobodyHasEnrolled) {
  EXPECT_FALSE(Membership::load(folder.path()).value());
  EXPECT_FALSE(Membership::load(folder.path() / "none").value());
}

TEST_F(MembershipTest, isReadAsItWasSaved) {
  auto membership = made(answer()).value();
  for (const bool isComplete : {false, true}) {
    if (isComplete) {
      membership.kind = Kind::person;
      membership.host.clear();
      membership.port = 0;
      membership.nextSecret = "quiet";
      membership.lastOrder = WallTime(std::chrono::seconds(1800000000));
      membership.statement = Statement::make(owner, membership.account, Kind::person, key.publicKey(),
                                             std::chrono::sys_days(std::chrono::year(2027) / 1 / 1));
    }
    ASSERT_TRUE(membership.save());
    const auto read = Membership::load(folder.path()).value().value();
    EXPECT_EQ(read.folder, folder.path());
    EXPECT_EQ(read.kind, membership.kind);
    EXPECT_EQ(read.fleet, "home");
    EXPECT_EQ(read.account, "r2@robots.example");
    EXPECT_EQ(read.secret, "hush");
    EXPECT_EQ(read.secretMade, membership.secretMade);
    EXPECT_EQ(read.nextSecret, isComplete ? "quiet" : "");
    EXPECT_EQ(read.lastOrder, membership.lastOrder);
    EXPECT_EQ(read.host, membership.host);
    EXPECT_EQ(read.port, membership.port);
    EXPECT_FALSE(read.hasAuthorities);
    EXPECT_EQ(read.authoritiesFile(), "");
    EXPECT_EQ(read.relay, "relay.robots.example");
    EXPECT_EQ(read.ownerAccount, "alice@robots.example");
    EXPECT_EQ(read.ownerKey, owner.publicKey());
    ASSERT_EQ(read.statement.has_value(), isComplete);
    if (isComplete) {
      EXPECT_TRUE(read.statement->check(owner.publicKey(), read.account, key.publicKey(), WallTime()))
          << "all that is signed is there";
    }
  }
}

// What is prepared elsewhere counts as soon as it is whole, and not before; and whatever is killed when it is moved.
TEST_F(MembershipTest, movesAsAWholeOrNotAtAll) {
  const auto next = folder.path() / Membership::nextName;
  const auto write = [](const fs::path& path, const std::string& text) { std::ofstream(path) << text; };
  const auto read = [](const fs::path& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_TRUE(Membership::finishMove(folder.path())) << "there is nothing";
  // As a move is when it is killed after so many files.
  const std::vector<std::string> names{"key.pem", "authorities.pem", "membership.json"};
  for (std::size_t moved = 0; moved < names.size(); ++moved) {
    fs::create_directory(next);
    for (std::size_t i = 0; i < names.size(); ++i) {
      write(folder.path() / names[i], i < moved ? "new" : "old");
      if (i >= moved && i + 1 < names.size()) write(next / names[i], "new");
    }
    ASSERT_TRUE(Membership::finishMove(folder.path()));
    EXPECT_EQ(read(folder.path() / "membership.json"), "old") << "it is not whole";
    if (moved == 0) {
      EXPECT_EQ(read(folder.path() / "key.pem"), "old");
      EXPECT_EQ(read(next / "key.pem"), "new") << "another attempt takes it";
    }
    write(next / "membership.json", "new");
    ASSERT_TRUE(Membership::finishMove(folder.path()));
    for (const auto& name : names) EXPECT_EQ(read(folder.path() / name), "new") << name;
    EXPECT_FALSE(fs::exists(next));
  }
}

TEST_F(MembershipTest, keepsTheAuthoritiesOfTheServerBesideIt) {
  auto with = answer();
  with.authorities = "-----BEGIN CERTIFICATE-----\n";
  ASSERT_TRUE(made(with).value().save());
  const auto read = Membership::load(folder.path()).value().value();
  EXPECT_EQ(read.authoritiesFile(), folder.path() / "authorities.pem");
  std::ifstream in(read.authoritiesFile());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), with.authorities);
}

TEST_F(MembershipTest, isOpenToNobodyElse) {
  const auto before = ::umask(0);
  const bool isSaved = made(answer()).value().save().has_value();
  ::umask(before);
  ASSERT_TRUE(isSaved);
  EXPECT_EQ(mode(file()), 0600u);
}

TEST_F(MembershipTest, isNotUsedWhereOthersMayReadIt) {
  ASSERT_TRUE(made(answer()).value().save());
  for (const auto others : {fs::perms::group_read, fs::perms::others_read, fs::perms::others_write}) {
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write | others);
    EXPECT_EQ(refusal().code, run::Code::invalidConfig);
    EXPECT_EQ(refusal().nextStep, "chmod 600 " + file().string());
  }
}

TEST_F(MembershipTest, staysAsItWasOnAFullDisk) {
  auto membership = made(answer()).value();
  ASSERT_TRUE(membership.save());
  const auto before = content();
  membership.nextSecret.assign(5000, 'x');
  {
    const test::SmallDisk disk(4096);
    const auto saved = membership.save();
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().code, run::Code::invalidConfig);
  }
  EXPECT_EQ(content(), before);
  EXPECT_TRUE(Membership::load(folder.path()).value());
}

// Somebody enrols anew while a program runs that has the old one.
TEST_F(MembershipTest, doesNotTakeThePlaceOfAnotherEnrolment) {
  auto membership = made(answer()).value();
  const auto expectRefused = [&] {
    const auto updated = membership.update();
    ASSERT_FALSE(updated);
    EXPECT_EQ(updated.error().code, run::Code::nameTaken);
  };
  expectRefused();
  EXPECT_FALSE(fs::exists(file()));
  ASSERT_TRUE(membership.save());
  membership.secret = "another";
  ASSERT_TRUE(membership.update());
  EXPECT_EQ(Membership::load(folder.path()).value()->secret, "another");
  auto other = membership;
  other.account = "r3@robots.example";
  ASSERT_TRUE(other.save());
  expectRefused();
  other = membership;
  other.ownerKey[0] ^= 1;
  ASSERT_TRUE(other.save());
  expectRefused();
  EXPECT_EQ(Membership::load(folder.path()).value()->ownerKey, other.ownerKey);
}

TEST_F(MembershipTest, saysThatItIsDamaged) {
  ASSERT_TRUE(made(answer()).value().save());
  const auto whole = content();
  std::vector<std::string> texts{
      "", "{", "null", "[]", "{}", R"({"schema": "0"})", R"({"schema": 0})", whole.substr(0, whole.size() / 2)};
  const auto parsed = Json::parse(whole);
  for (const auto& [name, value] : parsed.items()) {
    auto other = parsed;
    other.erase(name);
    texts.push_back(other.dump());
    other[name] = Json::object();
    texts.push_back(other.dump());
  }
  const std::pair<const char*, Json> wrong[] = {{"kind", "cat"},
                                                {"fleet", "Home"},
                                                {"account", "robots.example"},
                                                {"account", "r2@robots.example/x"},
                                                {"account", ""},
                                                {"ownerAccount", ""},
                                                {"ownerAccount", "a@b/c"},
                                                {"ownerKey", "AAAA"},
                                                {"port", 65536},
                                                {"port", -1},
                                                {"schema", 0.5},
                                                {"statement", "none"},
                                                {"statement", {{"kind", "robot"}}}};
  for (const auto& [name, value] : wrong) {
    auto other = Json::parse(whole);
    other[name] = value;
    texts.push_back(other.dump());
  }
  for (const auto& text : texts) {
    put(text);
    const auto why = refusal();
    EXPECT_EQ(why.code, run::Code::invalidConfig) << text;
    EXPECT_EQ(why.cause, file().string() + " is damaged, or cannot be read") << text;
    EXPECT_THAT(why.nextStep, HasSubstr("enrol anew"));
    EXPECT_EQ(content(), text) << "it is left for who looks into it";
  }
}

TEST_F(MembershipTest, ofANewerBeckonIsRefusedWithAdvice) {
  put(R"({"schema": 1, "all": "else differs"})");
  EXPECT_EQ(refusal().code, run::Code::invalidConfig);
  EXPECT_EQ(refusal().cause, file().string() + " was written by a newer Beckon (schema 1; this one knows 0)");
  EXPECT_THAT(refusal().nextStep, HasSubstr("use the newer Beckon"));
}

// Files of every schema that was ever released are read.
TEST_F(MembershipTest, readsOneOfSchema0) {
  fs::copy_file(test::sourceFolder() / "tests" / "data" / "membership-schema-0.json", file());
  fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
  const auto read = Membership::load(folder.path()).value().value();
  EXPECT_EQ(read.kind, Kind::person);
  EXPECT_EQ(read.fleet, "home");
  EXPECT_EQ(read.account, "bob@robots.example");
  EXPECT_EQ(read.secret, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
  EXPECT_EQ(read.secretMade, WallTime(std::chrono::seconds(1790000000)));
  EXPECT_EQ(read.nextSecret, "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg");
  EXPECT_EQ(read.host, "xmpp.example");
  EXPECT_EQ(read.port, 5222);
  EXPECT_TRUE(read.hasAuthorities);
  EXPECT_EQ(read.relay, "relay.robots.example");
  EXPECT_EQ(read.ownerAccount, "alice@robots.example");
  EXPECT_EQ(read.ownerKey, owner.publicKey());
  ASSERT_TRUE(read.statement);
  EXPECT_TRUE(read.statement->check(owner.publicKey(), "bob@robots.example", key.publicKey(), WallTime()));
}

TEST_F(MembershipTest, takesTheOwnerWhomTheCodeIntroduces) {
  const auto membership = made(answer()).value();
  EXPECT_EQ(membership.account, "r2@robots.example");
  EXPECT_EQ(membership.ownerKey, owner.publicKey());
  EXPECT_EQ(membership.kind, Kind::robot);
}

TEST_F(MembershipTest, refusesARelayThatNamesAnotherOwner) {
  auto other = answer();
  other.ownerAccount = "mallory@robots.example";
  expectBadStatement(other);
  other = answer();
  other.ownerKey[31] ^= 1;
  expectBadStatement(other);
  other = answer();
  other.introduction[0] ^= 1;
  expectBadStatement(other);
  other = answer();
  other.introduction = {};
  expectBadStatement(other);
  // A robot does not own itself.
  other = answer();
  other.ownerAccount = other.account;
  other.ownerKey = key.publicKey();
  expectBadStatement(other);
  expectBadStatement(other, Kind::person);
  EXPECT_FALSE(fs::exists(folder.path() / Membership::authoritiesName));
}

TEST_F(MembershipTest, anOwnerNeedsNobodyToIntroduceIt) {
  auto own = answer();
  own.ownerAccount = own.account;
  own.ownerKey = key.publicKey();
  own.introduction = {};
  EXPECT_EQ(made(own, Kind::owner).value().ownerKey, key.publicKey());
  // But it is itself, not another.
  auto other = own;
  other.ownerKey = owner.publicKey();
  expectBadStatement(other, Kind::owner);
  other = own;
  other.ownerAccount = "mallory@robots.example";
  expectBadStatement(other, Kind::owner);
}

TEST_F(MembershipTest, refusesAnAnswerThatNamesNoAccount) {
  for (const std::string text : {"robots.example", "a@b/c", "", "a b@c"})
    for (const bool isOwners : {false, true}) {
      auto other = answer();
      (isOwners ? other.ownerAccount : other.account) = text;
      const auto membership = made(other);
      ASSERT_FALSE(membership) << text;
      EXPECT_EQ(membership.error().code, run::Code::protocolError);
      EXPECT_FALSE(membership.error().nextStep.empty());
    }
}

}  // namespace
}  // namespace beckon::fleet
