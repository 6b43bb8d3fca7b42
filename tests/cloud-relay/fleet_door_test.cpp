#include "cloud-relay/fleet_door.hpp"

#include "core/run/base64url.hpp"
#include "fleet/protocol.hpp"
#include "tests/cloud-relay/relay_in_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using xmpp::Element;
using xmpp::StanzaError;

class FleetDoorTest : public RelayInMemory {
 protected:
  FleetDoorTest() {
    door.open();
    begin();
  }

  fleet::MembersInfo membersFor(const std::string& who) {
    const auto answer = ask(who, "get", fleet::membersRequest());
    return fleet::readMembers(*answer.child(fleet::membersName, fleet::ns)).value();
  }
  std::vector<std::string> accountsFor(const std::string& who) {
    std::vector<std::string> out;
    for (const auto& known : membersFor(who).members) out.push_back(known.account);
    return out;
  }
  static fleet::Statement statementOf(const Member& of, std::uint8_t owner) {
    return fleet::Statement::make(test::keyNumber(owner), of.account, of.kind, of.key, policy::wallClock() + 24h);
  }
  static fleet::CodeOffer offer() {
    fleet::CodeOffer out;
    out.hash.fill(200);
    out.introduction.fill(201);
    out.kind = Kind::robot;
    out.lifetime = 600s;
    out.ownerKey = test::keyNumber(1).publicKey();
    return out;
  }

  FleetDoor door{
      io.get_executor(), component, store, registrar, {"relay.x", 5443, "", Kind::robot, std::string(64, 'a')},
      run::silentLog()};
};

TEST_F(FleetDoorTest, saysNothingToWhoIsNoMember) {
  store.revoke("r3@x", policy::wallClock()).value();
  const std::pair<std::string_view, Element> asks[] = {
      {"get", fleet::membersRequest()},
      {"set", fleet::codeRequest(offer())},
      {"set", fleet::statementRequest(statementOf(member("r2@x"), 1))},
      {"set", fleet::revokeRequest("r2@x")},
      {"set", Element(std::string(fleet::secretName), std::string(fleet::ns), std::string(43, 'A'))}};
  for (const auto& [type, payload] : asks)
    for (const std::string who : {"mallory", "r3"})
      EXPECT_EQ(StanzaError::read(ask(who, type, payload)).condition, "service-unavailable") << payload.name;
  EXPECT_THAT(commands, IsEmpty());
}

TEST_F(FleetDoorTest, whoAsksCountsAsHavingBeenThere) {
  EXPECT_FALSE(member("r2@x").confirmed);
  membersFor("r2");
  EXPECT_TRUE(member("r2@x").confirmed);
  EXPECT_FALSE(member("r3@x").confirmed);
}

// Nor does a robot that is not Beckon's own have to ask anything.
TEST_F(FleetDoorTest, whoIsHeardCountsAsHavingBeenThere) {
  const auto alive = [this](const std::string& who) {
    door.received(Element("message", std::string(xmpp::ns::client))
                      .set("from", who + "@x/here")
                      .add(Element(std::string(fleet::aliveName), std::string(fleet::ns))));
  };
  alive("stranger");
  alive("r3");
  EXPECT_TRUE(member("r3@x").confirmed);
  EXPECT_FALSE(member("r2@x").confirmed);
  // Whoever has its place now was not heard yet.
  const auto first = member("r3@x");
  add("r3", "home", Kind::robot, 7, "r3@x");
  ASSERT_NE(member("r3@x").id, first.id);
  EXPECT_FALSE(member("r3@x").confirmed);
}

TEST_F(FleetDoorTest, tellsARobotOfItselfAndItsOwnerAndOthersOfAll) {
  EXPECT_THAT(accountsFor("r2"), UnorderedElementsAre("r2@x", "alice@x"));
  EXPECT_THAT(accountsFor("bob"), UnorderedElementsAre("alice@x", "bob@x", "r2@x", "r3@x"));
  EXPECT_THAT(accountsFor("alice"), UnorderedElementsAre("alice@x", "bob@x", "r2@x", "r3@x"));
  EXPECT_THAT(accountsFor("w2"), UnorderedElementsAre("w2@x", "eve@x"));
  const auto info = membersFor("bob");
  EXPECT_EQ(info.asker, Kind::person);
  EXPECT_EQ(info.place.host, "relay.x");
  EXPECT_EQ(info.place.port, 5443);
  EXPECT_EQ(info.place.fleet, "home");
  EXPECT_EQ(info.place.pin, std::string(64, 'a'));
}

TEST_F(FleetDoorTest, tellsARobotNoStatementThatItKnows) {
  const auto membersFor = [this](std::optional<fleet::Statement> known) {
    const auto answer = ask("r2", "get", fleet::robotRequest("a run", known));
    return fleet::readMembers(*answer.child(fleet::membersName, fleet::ns)).value().members;
  };
  const auto statement = statementOf(member("r2@x"), 1);
  ASSERT_TRUE(isDone("alice", fleet::statementRequest(statement)));
  const auto first = membersFor({});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first.front().statement, statement);
  const auto again = membersFor(statement);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again.front().account, "r2@x");
  EXPECT_FALSE(again.front().statement);
  auto before = statement;
  before.signature.front() ^= 1;
  EXPECT_EQ(membersFor(before).front().statement, statement);
}

// A relay that was away does not know where its robots are.
TEST_F(FleetDoorTest, tellsADeviceWhenItsRobotsHaveSaidThatTheyAreThere) {
  membersFor("r2");
  door.online();
  const auto serving = memory->answer;
  int asked = 0;
  memory->answer = [&](const Element& stanza) {
    serving(stanza);
    if (stanza.attribute("to") != "r2@x") return;
    ++asked;
    memory->give(
        xmpp::iqStanza("get", "from r2", "relay.x").set("from", "r2@x/there").add(fleet::robotRequest("a run")));
  };
  const auto begun = std::chrono::steady_clock::now();
  const auto told = membersFor("bob");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, Liveness::patience);
  EXPECT_TRUE(told.asksRobots);
  for (const auto& known : told.members) {
    // r3 has not logged in.
    EXPECT_EQ(known.silence.has_value(), known.account == "r2@x") << known.account;
    EXPECT_LT(known.silence.value_or(0ms), 1s);
  }
  membersFor("alice");
  EXPECT_EQ(asked, 1);  // it was heard just now
}

TEST_F(FleetDoorTest, tellsALargeFleetInPartsThatFitIntoAStanza) {
  // Not by codes: that would be a transaction each.
  const auto many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                    std::to_string(FleetDoor::mostTold) +
                    ") INSERT INTO members (fleet, kind, account, machine, key, code_hash, proof, enrolled, made)"
                    " SELECT 'home', 'robot', 'many-' || (10000 + i) || '@x', 'm', zeroblob(32), zeroblob(32),"
                    " zeroblob(32), 1, 1 FROM n";
  auto database = policy::Database::open(folder.path() / FleetStore::fileName).value();
  database.execute(many).value();
  const auto ask = [this](const std::string& after) {
    const auto answer = FleetDoorTest::ask("alice", "get", fleet::membersRequest(after));
    EXPECT_LT(answer.toXml().size(), 262144U);
    return fleet::readMembers(*answer.child(fleet::membersName, fleet::ns)).value();
  };
  const auto first = ask({});
  ASSERT_EQ(first.members.size(), FleetDoor::mostTold);
  EXPECT_EQ(first.more, first.members.back().account);
  const auto second = ask(first.more);
  EXPECT_EQ(second.more, "");
  EXPECT_EQ(first.members.size() + second.members.size(), FleetDoor::mostTold + 4);
  EXPECT_GT(second.members.front().account, first.more);
  EXPECT_THAT(accountsFor("r2"), UnorderedElementsAre("r2@x", "alice@x"));
}

TEST_F(FleetDoorTest, tellsTheOwnerAloneOfTheRevokedAndOfProofs) {
  store.revoke("r3@x", policy::wallClock()).value();
  EXPECT_THAT(accountsFor("bob"), UnorderedElementsAre("alice@x", "bob@x", "r2@x"));
  for (const auto& known : membersFor("bob").members) EXPECT_FALSE(known.codeHash || known.proof) << known.account;
  ASSERT_TRUE(isDone("alice", fleet::statementRequest(statementOf(member("bob@x"), 1))));
  for (const auto& known : membersFor("alice").members) {
    EXPECT_EQ(known.revoked.has_value(), known.account == "r3@x");
    // What is signed needs no proof any more.
    EXPECT_EQ(known.proof.has_value(), known.account != "bob@x") << known.account;
    EXPECT_EQ(known.codeHash.has_value(), known.account != "bob@x") << known.account;
    if (known.account == "r2@x") {
      EXPECT_EQ((*known.proof)[0], 103);
      EXPECT_EQ(known.id, "machine of r2");
      EXPECT_EQ(known.key, test::keyNumber(3).publicKey());
    }
  }
}

TEST_F(FleetDoorTest, takesTheOwnersCodes) {
  auto made = offer();
  for (const std::string name : {"", "r2"}) {
    made.name = name;
    ++made.hash[0];
    ASSERT_TRUE(isDone("alice", fleet::codeRequest(made)));
    Member wanted;
    wanted.fleet = "home";
    wanted.account = name.empty() ? "new@x" : name + "@x";
    const auto taken = store.take(made.hash, wanted, policy::wallClock()).value();
    EXPECT_EQ(taken.code.ownerAccount, "alice@x");
    EXPECT_EQ(taken.code.ownerKey, made.ownerKey);
    EXPECT_EQ(taken.code.introduction, made.introduction);
    EXPECT_EQ(taken.code.account, name.empty() ? "" : name + "@x");
    EXPECT_EQ(taken.code.ends - taken.code.made, 600s);
    EXPECT_EQ(taken.replaced.has_value(), !name.empty());
  }
}

TEST_F(FleetDoorTest, takesNoCodeOfOthersNorForAnOwner) {
  for (const std::string who : {"bob", "r2"})
    EXPECT_EQ(refusal(who, "set", fleet::codeRequest(offer())).cause, "only the owner of a fleet may do that");
  EXPECT_EQ(refusal("eve", "set", fleet::codeRequest(offer())).code, run::Code::badStatement) << "her key is another";
  auto owners = offer();
  owners.kind = Kind::owner;
  EXPECT_EQ(refusal("alice", "set", fleet::codeRequest(owners)).cause, "a fleet has one owner");
  EXPECT_EQ(refusal("alice", "set", fleet::codeRequest(offer()).set("seconds", "0")).code, run::Code::protocolError);
  Member wanted;
  wanted.fleet = "home";
  wanted.account = "new@x";
  EXPECT_THAT(store.take(offer().hash, wanted, policy::wallClock()).error().cause, HasSubstr("no such code"));
}

TEST_F(FleetDoorTest, takesWhatTheOwnerSignsAndTellsWhomItConcerns) {
  ASSERT_TRUE(isDone("alice", fleet::statementRequest(statementOf(member("r2@x"), 1))));
  EXPECT_TRUE(member("r2@x").statement);
  EXPECT_THAT(told, UnorderedElementsAre("alice@x", "bob@x", "r2@x"));
  ASSERT_TRUE(isDone("alice", fleet::statementRequest(statementOf(member("alice@x"), 1))));
  EXPECT_THAT(told, UnorderedElementsAre("alice@x", "bob@x", "r2@x", "r3@x"));
}

TEST_F(FleetDoorTest, takesNoStatementThatIsNotTheOwners) {
  const auto r2 = member("r2@x");
  const auto good = statementOf(r2, 1);
  for (const std::string who : {"bob", "r2"})
    EXPECT_EQ(refusal(who, "set", fleet::statementRequest(good)).code, run::Code::refused);
  EXPECT_EQ(refusal("eve", "set", fleet::statementRequest(statementOf(r2, 5))).cause, "there is no r2@x in fleet work");
  EXPECT_EQ(refusal("alice", "set", fleet::statementRequest(statementOf(r2, 2))).code, run::Code::badStatement);
  auto other = r2;
  other.kind = Kind::person;
  EXPECT_EQ(refusal("alice", "set", fleet::statementRequest(statementOf(other, 1))).cause, "r2@x is a robot");
  other = r2;
  other.key = test::keyNumber(9).publicKey();
  EXPECT_EQ(refusal("alice", "set", fleet::statementRequest(statementOf(other, 1))).code, run::Code::badStatement);
  const auto old = fleet::Statement::make(test::keyNumber(1), r2.account, r2.kind, r2.key, policy::wallClock() - 1h);
  EXPECT_THAT(refusal("alice", "set", fleet::statementRequest(old)).cause, HasSubstr("time is over"));
  EXPECT_EQ(refusal("alice", "set", fleet::statementRequest(good).set("account", "")).code, run::Code::protocolError);
  EXPECT_FALSE(member("r2@x").statement);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(FleetDoorTest, revokesForTheOwner) {
  ASSERT_TRUE(isDone("alice", fleet::revokeRequest("r2@x")));
  EXPECT_FALSE(store.member("r2@x").value());
  EXPECT_THAT(commands, testing::Contains("http://jabber.org/protocol/admin#delete-user"));
  EXPECT_THAT(told, UnorderedElementsAre("alice@x", "bob@x"));
}

// Some servers end the streams of who has another password now; others do when they are told to.
TEST_F(FleetDoorTest, putsOutWhomItReplaces) {
  const auto code = fleet::Code::make({"relay.x", 5443, "home", Kind::robot, ""});
  KeptCode kept;
  kept.hash = fleet::Code::hashOf(code.ticket());
  kept.fleet = "home";
  kept.account = "r2@x";
  kept.made = policy::wallClock();
  kept.ends = kept.made + 1h;
  store.add(kept, kept.made).value();
  auto request = fleet::EnrolmentRequest::make(code, "r2", "0c7b2f6e-0000-4000-8000-000000000000", test::keyNumber(7));
  bool isEnrolled = false;
  boost::asio::co_spawn(io, registrar.enrol(std::move(request), "192.0.2.1"),
                        [&](std::exception_ptr, run::Result<fleet::EnrolmentAnswer> answer) {
                          EXPECT_TRUE(answer);
                          isEnrolled = true;
                        });
  ASSERT_TRUE(test::runUntil(io, [&] { return isEnrolled; }));
  EXPECT_EQ(commands.back(), "http://jabber.org/protocol/admin#end-user-session");
  EXPECT_EQ(member("r2@x").key, test::keyNumber(7).publicKey());
}

TEST_F(FleetDoorTest, revokesForNobodyElse) {
  for (const std::string who : {"bob", "r2", "r3"})
    EXPECT_EQ(refusal(who, "set", fleet::revokeRequest("r2@x")).code, run::Code::refused);
  const auto none = refusal("eve", "set", fleet::revokeRequest("r2@x"));
  EXPECT_EQ(none.cause, "there is no r2@x in fleet work");
  EXPECT_EQ(none.code, run::Code::unknownRobot) << "as beckon fleet show has it";
  EXPECT_EQ(refusal("alice", "set", fleet::revokeRequest("nobody@x")).code, run::Code::unknownRobot);
  EXPECT_EQ(refusal("alice", "set", fleet::revokeRequest("")).code, run::Code::unknownRobot);
  EXPECT_EQ(refusal("alice", "set", fleet::revokeRequest("alice@x")).cause, "that is the owner itself");
  EXPECT_THAT(commands, IsEmpty());
}

TEST_F(FleetDoorTest, changesTheSecretOfWhoAsks) {
  const auto changing = [](const std::string& secret) {
    return Element(std::string(fleet::secretName), std::string(fleet::ns), secret);
  };
  ASSERT_TRUE(isDone("r2", changing(std::string(43, 'A'))));
  EXPECT_THAT(commands, testing::Each("http://jabber.org/protocol/admin#change-user-password"));
  commands.clear();
  for (const auto& secret : {std::string(), std::string(42, 'A'), std::string(44, 'A'), std::string(43, '*')})
    EXPECT_EQ(refusal("r2", "set", changing(secret)).code, run::Code::invalidArgument) << secret;
  EXPECT_THAT(commands, IsEmpty());
}

}  // namespace
}  // namespace beckon::relay
