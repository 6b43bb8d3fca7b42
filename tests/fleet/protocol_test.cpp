#include "fleet/protocol.hpp"

#include "core/run/base64url.hpp"
#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::fleet {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using xmpp::Element;

Bytes32 filled(std::uint8_t with) {
  Bytes32 out;
  out.fill(with);
  return out;
}

template <class T>
void expectMalformed(const run::Result<T>& read, const std::string& what) {
  ASSERT_FALSE(read) << what;
  EXPECT_EQ(read.error().code, run::Code::protocolError) << what;
  EXPECT_THAT(read.error().cause, HasSubstr("of urn:beckon:fleet:0 is malformed")) << what;
  EXPECT_FALSE(read.error().nextStep.empty());
}

using Attributes = std::vector<std::pair<const char*, std::string>>;

class FleetProtocol : public testing::Test {
 protected:
  static MembersInfo info() {
    MembersInfo out;
    out.place = {"relay.example", 5443, "home", Kind::robot, ""};
    out.asker = Kind::owner;
    return out;
  }
  MemberInfo member() const {
    MemberInfo out;
    out.account = r2Account;
    out.kind = Kind::robot;
    out.key = key.publicKey();
    out.id = "an id";
    out.enrolled = today;
    return out;
  }
  static MembersInfo read(const MembersInfo& from) { return readMembers(membersResult(from)).value(); }

  const run::PrivateKey owner = test::keyNumber(1), key = test::keyNumber(2);
};

TEST_F(FleetProtocol, asksForMembersInItsNamespace) {
  EXPECT_TRUE(membersRequest().is("fleet", ns));
  EXPECT_EQ(membersRequest().attribute("after"), "");
  EXPECT_EQ(membersRequest("r2@x").attribute("after"), "r2@x");
  EXPECT_EQ(robotRequest("a run").attribute("run"), "a run");
  EXPECT_FALSE(knownSignature(robotRequest("a run")));
  const auto known = Statement::make(owner, r2Account, Kind::robot, key.publicKey(), today + hours(24));
  EXPECT_EQ(knownSignature(robotRequest("a run", known)), known.signature);
  EXPECT_TRUE(secretRequest("hush").is("secret", ns));
  EXPECT_EQ(secretRequest("hush").text, "hush");
  EXPECT_TRUE(membersResult(info()).is("fleet", ns));
}

TEST_F(FleetProtocol, aFleetIsReadAsItIsWritten) {
  auto from = info();
  EXPECT_TRUE(read(from).members.empty());
  EXPECT_EQ(read(from).place.host, "relay.example");
  EXPECT_EQ(read(from).place.port, 5443);
  EXPECT_EQ(read(from).place.fleet, "home");
  EXPECT_EQ(read(from).place.pin, "");
  EXPECT_EQ(read(from).asker, Kind::owner);
  from.place.pin = std::string(32, '0') + std::string(32, 'f');
  EXPECT_EQ(read(from).place.pin, from.place.pin);
  EXPECT_EQ(read(from).more, "");
  from.more = "r2@x";
  EXPECT_EQ(read(from).more, "r2@x");
}

TEST_F(FleetProtocol, aMemberIsReadAsItIsWritten) {
  auto from = info();
  from.members = {member(), member()};
  auto& full = from.members[1];
  full.account = "alice@robots.example";
  full.kind = Kind::person;
  full.isConfirmed = full.isCloned = true;
  full.silence = std::chrono::milliseconds(1200);
  full.revoked = today + hours(1);
  full.statement = Statement::make(owner, full.account, full.kind, full.key, today + hours(24));
  full.codeHash = filled(4);
  full.proof = filled(5);
  const auto members = read(from).members;
  ASSERT_EQ(members.size(), 2u);
  const auto& bare = members[0];
  EXPECT_FALSE(read(info()).asksRobots);
  from.asksRobots = true;
  EXPECT_TRUE(read(from).asksRobots);
  EXPECT_EQ(bare.account, r2Account);
  EXPECT_EQ(bare.kind, Kind::robot);
  EXPECT_EQ(bare.key, key.publicKey());
  EXPECT_EQ(bare.id, "an id");
  EXPECT_EQ(bare.enrolled, today);
  EXPECT_FALSE(bare.isConfirmed || bare.isCloned || bare.silence || bare.revoked || bare.statement || bare.codeHash ||
               bare.proof);
  EXPECT_EQ(members[1].kind, Kind::person);
  EXPECT_TRUE(members[1].isConfirmed && members[1].isCloned);
  EXPECT_EQ(members[1].silence, std::chrono::milliseconds(1200));
  EXPECT_EQ(members[1].revoked, today + hours(1));
  EXPECT_EQ(members[1].codeHash, filled(4));
  EXPECT_EQ(members[1].proof, filled(5));
  EXPECT_TRUE(members[1].statement->check(owner.publicKey(), full.account, full.key, today));
}

TEST_F(FleetProtocol, refusesAFleetThatIsMalformed) {
  EXPECT_TRUE(readMembers(membersResult(info())));
  expectMalformed(readMembers(Element("fleet", "urn:other").set("name", "home")), "namespace");
  expectMalformed(readMembers(membersRequest()), "empty");
  for (const auto& [name, value] : Attributes{{"name", ""},
                                              {"name", "Home"},
                                              {"host", ""},
                                              {"host", "a/b"},
                                              {"host", "2001:db8::1"},
                                              {"port", ""},
                                              {"port", "0"},
                                              {"port", "65536"},
                                              {"port", "-1"},
                                              {"port", "5443x"},
                                              {"port", "99999999999999999999"},
                                              {"kind", ""},
                                              {"kind", "cat"},
                                              {"pin", "00"},
                                              {"pin", std::string(64, 'g')},
                                              {"pin", std::string(64, 'F')},
                                              {"pin", std::string(65, '0')}})
    expectMalformed(readMembers(membersResult(info()).set(name, value)), name + (" " + value));
}

TEST_F(FleetProtocol, refusesAMemberThatIsMalformed) {
  auto from = info();
  from.members = {member()};
  from.members[0].statement = Statement::make(owner, r2Account, Kind::robot, key.publicKey(), today);
  const auto whole = membersResult(from);
  ASSERT_TRUE(readMembers(whole));
  const auto short_ = run::base64url(std::array<std::uint8_t, 31>{});
  for (const auto& [name, value] : Attributes{{"account", ""},
                                              {"account", "robots.example"},
                                              {"account", r2Account + "/x"},
                                              {"account", "a b@c"},
                                              {"kind", ""},
                                              {"kind", "Robot"},
                                              {"key", ""},
                                              {"key", short_},
                                              {"enrolled", ""},
                                              {"enrolled", "-1"},
                                              {"enrolled", "253402300800"},  // the year 10000
                                              {"enrolled", "1.5"},
                                              {"revoked", "never"},
                                              {"code", short_},
                                              {"proof", "*"}}) {
    auto other = whole;
    other.children[0].set(name, value);
    expectMalformed(readMembers(other), name + (" " + value));
  }
  for (const auto& [name, value] : Attributes{{"kind", "cat"}, {"key", short_}, {"ends", "x"}, {"signature", short_}}) {
    auto other = whole;
    other.children[0].children[0].set(name, value);
    expectMalformed(readMembers(other), name + (" of the statement " + value));
  }
}

// It is subtracted from a clock.
TEST_F(FleetProtocol, leavesOutASilenceThatNobodyCanHaveMeasured) {
  auto from = info();
  from.members = {member()};
  auto whole = membersResult(from);
  for (const auto* silence : {"", "-1", "x", "315360000001", "9223372036854775807", "9223372036854775808"}) {
    whole.children[0].set("silence", silence);
    EXPECT_FALSE(readMembers(whole).value().members.at(0).silence) << silence;
  }
  whole.children[0].set("silence", "315360000000");
  EXPECT_TRUE(readMembers(whole).value().members.at(0).silence);
}

TEST_F(FleetProtocol, leavesOutWhatItDoesNotKnow) {
  auto from = info();
  from.members = {member()};
  auto newer = membersResult(from).add(Element("policy")).set("since", "2027");
  newer.children[0].set("colour", "white").add(Element("battery"));
  EXPECT_EQ(readMembers(newer).value().members.size(), 1u);
}

TEST_F(FleetProtocol, aCodeIsReadAsItIsWritten) {
  CodeOffer offer{filled(1), Kind::person, "", seconds(3600), owner.publicKey(), filled(2)};
  for (const std::string name : {"", "r2"}) {
    offer.name = name;
    EXPECT_TRUE(codeRequest(offer).is("code", ns));
    const auto read = readCode(codeRequest(offer)).value();
    EXPECT_EQ(read.hash, filled(1));
    EXPECT_EQ(read.kind, Kind::person);
    EXPECT_EQ(read.name, name);
    EXPECT_EQ(read.lifetime, seconds(3600));
    EXPECT_EQ(read.ownerKey, owner.publicKey());
    EXPECT_EQ(read.introduction, filled(2));
  }
}

TEST_F(FleetProtocol, refusesACodeThatIsMalformed) {
  const CodeOffer offer{filled(1), Kind::robot, "r2", seconds(3600), owner.publicKey(), filled(2)};
  ASSERT_TRUE(readCode(codeRequest(offer)));
  ASSERT_TRUE(readCode(codeRequest(offer).set("seconds", "315360000")));
  for (const auto& [name, value] : Attributes{{"hash", ""},
                                              {"hash", "AAAA"},
                                              {"kind", ""},
                                              {"kind", "cat"},
                                              {"name", "R2"},
                                              {"name", "r2@robots.example"},
                                              {"seconds", ""},
                                              {"seconds", "0"},
                                              {"seconds", "-5"},
                                              {"seconds", "315360001"},  // more than 10 years
                                              {"seconds", "9223372036854775808"},
                                              {"key", ""},
                                              {"introduction", ""},
                                              {"introduction", "AAAA"}})
    expectMalformed(readCode(codeRequest(offer).set(name, value)), name + (" " + value));
}

TEST_F(FleetProtocol, aStatementIsReadAsItIsWritten) {
  const auto statement = Statement::make(owner, r2Account, Kind::robot, key.publicKey(), today + hours(24));
  const auto shown = statementElement(statement), asked = statementRequest(statement);
  EXPECT_TRUE(shown.is("statement", ns));
  EXPECT_EQ(shown.attribute("account"), "") << "in presence, the sender's is meant";
  for (const auto& read : {readStatement(shown, r2Account).value(), readStatementRequest(asked).value()}) {
    EXPECT_EQ(read.kind, Kind::robot);
    EXPECT_EQ(read.ends, statement.ends);
    EXPECT_TRUE(read.check(owner.publicKey(), r2Account, key.publicKey(), today));
  }
  EXPECT_FALSE(
      readStatement(shown, "d2@robots.example").value().check(owner.publicKey(), r2Account, key.publicKey(), today));
}

TEST_F(FleetProtocol, refusesAStatementThatIsMalformed) {
  const auto whole = statementRequest(Statement::make(owner, r2Account, Kind::robot, key.publicKey(), today));
  ASSERT_TRUE(readStatementRequest(whole));
  for (const auto& [name, value] : Attributes{{"kind", ""},
                                              {"kind", "cat"},
                                              {"key", ""},
                                              {"key", "AAAA"},
                                              {"ends", ""},
                                              {"ends", "-1"},
                                              {"ends", "253402300800"},
                                              {"ends", "1e3"},
                                              {"signature", ""},
                                              {"signature", "AAAA"}}) {
    auto other = whole;
    other.set(name, value);
    expectMalformed(readStatementRequest(other), name + (" " + value));
    expectMalformed(readStatement(other, r2Account), name + (" " + value));
  }
  for (const std::string other : {"", "robots.example", "a@b/c"}) {
    auto without = whole;
    without.set("account", other);
    expectMalformed(readStatementRequest(without), other);
  }
}

TEST_F(FleetProtocol, namesWhomToRevoke) {
  EXPECT_TRUE(revokeRequest(r2Account).is("revoke", ns));
  EXPECT_EQ(revokeRequest(r2Account).attribute("account"), r2Account);
}

}  // namespace
}  // namespace beckon::fleet
