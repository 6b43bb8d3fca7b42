#include "remote/fleet.hpp"

#include "fleet/protocol.hpp"
#include "tests/remote/fleet_fixture.hpp"
#include "tests/support/ed25519_key.hpp"

namespace beckon::remote {
namespace {

using run::Code;

TEST_F(FleetTest, tellsWhoIsThereAndWhoIsNot) {
  comes("nao1@x/beckond", "id-1");
  goes("nao2@x");
  const auto robots = fleet->robots();
  ASSERT_EQ(robots.size(), 2u);
  EXPECT_EQ(robots[0].address, "nao1@x/beckond");
  EXPECT_EQ(robots[0].id, "id-1");
  EXPECT_EQ(robots[0].fingerprint, "abc");
  EXPECT_TRUE(robots[0].age);
  EXPECT_FALSE(robots[1].isThere());
  EXPECT_TRUE(robots[1].age);
  EXPECT_TRUE(fleet->isComplete());
}

TEST_F(FleetTest, isNotCompleteWhileTheServerHasNotToldOfEverybody) {
  comes("nao1@x/beckond");
  EXPECT_FALSE(fleet->isComplete());
  EXPECT_FALSE(fleet->robots()[1].age);
  goes("nao2@x");
  EXPECT_TRUE(fleet->isComplete());
  cut();
  EXPECT_FALSE(fleet->isComplete());
}

TEST_F(FleetTest, saysSinceWhenARobotIsThereByTheServersStamp) {
  comes("nao2@x/beckond");
  Element presence = client->present().at(jid("nao2@x/beckond")).stanza;
  presence.add(Element("delay", "urn:xmpp:delay").set("stamp", "2020-01-01T00:00:00Z"));
  server->give(presence);
  EXPECT_GT(*fleet->robots()[1].age, 24h * 365);
}

TEST_F(FleetTest, knowsARobotByAccountShortNameAndId) {
  comes("nao1@x/beckond", "id-1");
  for (const auto* name : {"nao1@x", "nao1", "id-1"}) EXPECT_EQ(fleet->account(name).value(), jid("nao1@x")) << name;
  EXPECT_EQ(fleet->account("pepper").error().code, Code::unknownRobot);
  EXPECT_EQ(fleet->account("pepper").error().nextStep, "the configured robots: nao1@x, nao2@x");
  EXPECT_EQ(fleet->addressOf("nao1"), jid("nao1@x/beckond"));
  EXPECT_FALSE(fleet->addressOf("nao2"));
}

TEST_F(FleetTest, findsTheRobotsWhoseNamesMatch) {
  const auto matching = [this](const char* names) { return fleet->matching(policy::Glob(names)); };
  EXPECT_THAT(matching("nao*").value(), testing::ElementsAre("nao1@x", "nao2@x"));
  EXPECT_THAT(matching("*2").value(), testing::ElementsAre("nao2@x"));
  EXPECT_THAT(matching("*@x").value(), testing::ElementsAre("nao1@x", "nao2@x"));
  EXPECT_THAT(matching("nao1").value(), testing::ElementsAre("nao1@x"));
  EXPECT_EQ(matching("lab-*").error().code, Code::unknownRobot);
  EXPECT_EQ(matching("lab-*").error().nextStep, "the configured robots: nao1@x, nao2@x");
}

TEST_F(FleetTest, doesNotTakeForARobotWhoseCapabilitiesDoNotVerify) {
  Element presence("presence", std::string(ns::client));
  presence.set("from", "nao1@x/beckond");
  presence.add(xmpp::Caps{"urn:robot", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}.element());
  presence.add(Element("robot", "urn:beckon:robot:0").set("id", "id-1"));
  server->give(presence);
  comes("nao2@x/beckond");  // asked later, verified: the other's answer has come
  EXPECT_FALSE(fleet->addressOf("nao1"));
}

TEST_F(FleetTest, waitsForNoWordOfWhoDoesNotAnswerItsRelay) {
  goes("nao2@x");
  Element presence("presence", std::string(ns::client));
  presence.set("from", "nao1@x/beckond");
  presence.add(xmpp::Caps{"urn:robot", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}.element());
  presence.add(Element("robot", "urn:beckon:robot:0").set("id", "id-1"));
  server->give(presence);
  ASSERT_TRUE(runUntil(io, [&] { return fleet->robots()[0].isShown && fleet->robots()[1].age; }));
  EXPECT_FALSE(fleet->isComplete());
  fleet->tellSilence(jid("nao1@x"), fleet::heartbeat);
  EXPECT_FALSE(fleet->isComplete());
  fleet->tellSilence(jid("nao1@x"), fleet::heartbeat + 1ms);
  EXPECT_TRUE(fleet->isComplete());
  EXPECT_EQ(fleet->robots()[0].state(), Robot::State::suspect);
  // Of one that tells what it can, a packet may have been lost.
  comes("nao1@x/beckond");
  EXPECT_EQ(fleet->robots()[0].state(), Robot::State::online);
  fleet->tellSilence(jid("nao1@x"), fleet::suspicion + 1ms);
  EXPECT_EQ(fleet->robots()[0].state(), Robot::State::suspect);
}

TEST_F(FleetTest, doesNotTakeSomebodyElsesResourceForARobot) {
  server->give(Element("presence", std::string(ns::client)).set("from", "nao1@x/phone"));
  io.poll();
  EXPECT_FALSE(fleet->addressOf("nao1"));
  comes("nao1@x/beckond");
  EXPECT_EQ(fleet->addressOf("nao1"), jid("nao1@x/beckond"));
}

TEST_F(FleetTest, tellsHowARobotSaysThatItIs) {
  const fleet::Condition condition{.battery = 80, .isCharging = {}, .isBusy = true, .policy = "5d41402abc4b"};
  comes("nao1@x/beckond", "id-1", {}, "abc", [&](Element& robot) { condition.writeTo(robot); });
  goes("nao2@x");
  EXPECT_EQ(fleet->robots()[0].condition, condition);
  EXPECT_EQ(fleet->robots()[1].condition, fleet::Condition());
  goes("nao1@x/beckond");
  EXPECT_EQ(fleet->robots()[0].condition, fleet::Condition());
}

// A robot that says something new of itself has not lost what it was asked.
TEST_F(FleetTest, countsAsAnArrivalWhatIsANewLogin) {
  const auto loggedIn = [this](const std::string& login) {
    const auto said = [&](Element& robot) { robot.set("login", login); };
    says("nao1@x/beckond", said);
    // What is asked of nao2@x now is answered after that was heard.
    comes("nao2@x/beckond");
    return fleet->arrivals(jid("nao1@x/beckond"));
  };
  EXPECT_EQ(loggedIn("a"), 1u);
  EXPECT_EQ(loggedIn("a"), 1u);
  EXPECT_EQ(loggedIn("b"), 2u);
  goes("nao1@x/beckond");
  EXPECT_EQ(loggedIn("b"), 3u) << "it was away, or we were";
  EXPECT_EQ(loggedIn(""), 4u);
  EXPECT_EQ(loggedIn(""), 5u) << "it does not name its logins";
}

// nao1@x is of the owner's fleet; nao2@x is configured by hand.
class FleetOfMembers : public FleetTest {
 protected:
  FleetOfMembers() : known(fleet::KnownFleet::open(folder.path()).value()) {
    known.setRobots({"nao1@x"}).value();
    fleet->use(known, owner.publicKey());
  }
  void setRobots(std::vector<std::string> accounts) {
    known.setRobots(std::move(accounts)).value();
    fleet->robotsChanged();
  }

  fleet::Statement statement(std::chrono::hours forSoLong = 24h) const {
    return fleet::Statement::make(owner, "nao1@x", fleet::Kind::robot, key.publicKey(),
                                  policy::wallClock() + forSoLong);
  }
  void shows(const fleet::Statement& shown) {
    comes("nao1@x/beckond", "id-1", fleet::statementElement(shown), run::fingerprint(key.publicKey()));
  }
  void expectProblem(const std::string& cause) const {
    const auto problem = fleet->problemOf("nao1");
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->code, Code::badStatement);
    EXPECT_EQ(problem->cause, "nao1@x shows " + cause);
    EXPECT_FALSE(problem->nextStep.empty());
    EXPECT_FALSE(fleet->addressOf("nao1"));
    const auto robot = fleet->robots()[0];
    EXPECT_TRUE(robot.isThere()) << "it is told of, with what is wrong";
    EXPECT_EQ(robot.problem->cause, problem->cause);
  }

  const test::TemporaryFolder folder;
  fleet::KnownFleet known;
  const run::PrivateKey owner = test::keyNumber(1), key = test::keyNumber(2), other = test::keyNumber(3);
};

TEST_F(FleetOfMembers, takesARobotThatShowsWhatTheOwnerHasSigned) {
  shows(statement());
  EXPECT_FALSE(fleet->problemOf("nao1"));
  EXPECT_EQ(fleet->addressOf("nao1"), jid("nao1@x/beckond"));
  EXPECT_FALSE(fleet->robots()[0].problem);
}

TEST_F(FleetOfMembers, refusesARobotThatShowsNothing) {
  comes("nao1@x/beckond");
  expectProblem("nothing that the fleet's owner has signed");
  EXPECT_THAT(fleet->problemOf("nao1")->nextStep, testing::HasSubstr("beckon fleet list"));
}

TEST_F(FleetOfMembers, refusesAStatementThatCannotBeRead) {
  comes("nao1@x/beckond", "id-1", fleet::statementElement(statement()).set("signature", "x"),
        run::fingerprint(key.publicKey()));
  expectProblem("a statement that cannot be read");
}

TEST_F(FleetOfMembers, refusesAnotherKeyThanThatWhichIsSigned) {
  comes("nao1@x/beckond", "id-1", fleet::statementElement(statement()), run::fingerprint(other.publicKey()));
  expectProblem("a key that is not the one which the fleet's owner has signed");
}

TEST_F(FleetOfMembers, refusesWhatAnotherThanTheOwnerHasSigned) {
  shows(fleet::Statement::make(other, "nao1@x", fleet::Kind::robot, key.publicKey(), policy::wallClock() + 24h));
  expectProblem("a statement that the fleet's owner has not signed");
}

TEST_F(FleetOfMembers, refusesWhatWasSignedForAnotherAccount) {
  shows(fleet::Statement::make(owner, "nao2@x", fleet::Kind::robot, key.publicKey(), policy::wallClock() + 24h));
  expectProblem("a statement that the fleet's owner has not signed");
}

TEST_F(FleetOfMembers, refusesAStatementWhoseTimeIsOver) {
  shows(statement(-1h));
  expectProblem("a statement of the fleet's owner whose time is over");
}

TEST_F(FleetOfMembers, refusesAPersonsDeviceThatShowsItselfAsARobot) {
  shows(fleet::Statement::make(owner, "nao1@x", fleet::Kind::person, key.publicKey(), policy::wallClock() + 24h));
  expectProblem("itself as a robot; the fleet's owner has signed that it is a person");
}

TEST_F(FleetOfMembers, takesItOnceItShowsAnother) {
  comes("nao1@x/beckond");
  ASSERT_TRUE(fleet->problemOf("nao1"));
  shows(statement());
  EXPECT_FALSE(fleet->problemOf("nao1"));
  EXPECT_TRUE(fleet->addressOf("nao1"));
}

TEST_F(FleetOfMembers, asksNothingOfARobotThatIsConfiguredByHand) {
  comes("nao2@x/beckond");
  EXPECT_FALSE(fleet->problemOf("nao2"));
  EXPECT_EQ(fleet->addressOf("nao2"), jid("nao2@x/beckond"));
  // Nor of one that has left the fleet and is still configured.
  comes("nao1@x/beckond");
  ASSERT_TRUE(fleet->problemOf("nao1"));
  setRobots({});
  EXPECT_FALSE(fleet->problemOf("nao1"));
  EXPECT_EQ(fleet->addressOf("nao1"), jid("nao1@x/beckond"));
}

// What nobody verifies is not remembered either: it would bind the robot to a key that somebody made up.
TEST_F(FleetOfMembers, remembersNothingOfARobotThatIsConfiguredByHand) {
  const auto forged = fleet::Statement::make(other, "nao2@x", fleet::Kind::robot, key.publicKey(),
                                             policy::wallClock() + std::chrono::hours(24 * 9999));
  comes("nao2@x/beckond", "id-2", fleet::statementElement(forged), run::fingerprint(key.publicKey()));
  EXPECT_FALSE(known.hasSeen("nao2@x"));
  EXPECT_FALSE(fleet->problemOf("nao2"));
}

// The relay may leave out whom it wants to have trusted without a statement.
TEST_F(FleetOfMembers, asksItOfWhoeverHasShownItBefore) {
  shows(statement());
  setRobots({});
  comes("nao1@x/beckond");
  expectProblem("nothing that the fleet's owner has signed");
}

TEST_F(FleetOfMembers, refusesAnOlderKeyThanItHasShownBefore) {
  shows(statement(48h));
  ASSERT_FALSE(fleet->problemOf("nao1"));
  const auto older =
      fleet::Statement::make(owner, "nao1@x", fleet::Kind::robot, other.publicKey(), policy::wallClock() + 24h);
  comes("nao1@x/beckond", "id-1", fleet::statementElement(older), run::fingerprint(other.publicKey()));
  expectProblem("an older key than before: it was enrolled anew since");
}

TEST_F(FleetOfMembers, writesWhatItHasSeenAMomentLaterOrWhenItIsToldTo) {
  const auto isWritten = [this] { return fleet::KnownFleet::open(folder.path()).value().hasSeen("nao1@x"); };
  shows(statement(24h));
  EXPECT_FALSE(isWritten());
  EXPECT_TRUE(runUntil(io, isWritten));
  std::filesystem::remove(folder.path() / fleet::KnownFleet::fileName);
  shows(statement(48h));
  EXPECT_FALSE(isWritten());
  fleet->keep();
  EXPECT_TRUE(isWritten());
}

TEST_F(FleetOfMembers, namesEachRobotOnce) {
  EXPECT_THAT(fleet->accounts(), testing::ElementsAre(jid("nao1@x"), jid("nao2@x")));
  setRobots({"nao2@x", "nao3@x"});
  EXPECT_THAT(fleet->accounts(), testing::ElementsAre(jid("nao1@x"), jid("nao2@x"), jid("nao3@x")));
  EXPECT_TRUE(fleet->account("nao3"));
  setRobots({});
  EXPECT_THAT(fleet->accounts(), testing::ElementsAre(jid("nao1@x"), jid("nao2@x")));
  EXPECT_EQ(fleet->account("nao3").error().code, Code::unknownRobot);
}

TEST_F(FleetOfMembers, isNotCompleteBeforeTheRelayHasToldWhoBelongsToIt) {
  shows(statement());
  goes("nao2@x");
  ASSERT_TRUE(fleet->isComplete());
  fleet->awaitMembers(true);
  EXPECT_FALSE(fleet->isComplete());
  fleet->awaitMembers(false);
  EXPECT_TRUE(fleet->isComplete());
}

TEST_F(FleetOfMembers, waitsForNoWordOfWhoHasNotLoggedInYet) {
  goes("nao2@x");
  ASSERT_FALSE(fleet->isComplete());
  fleet->expect({jid("nao1@x")});
  EXPECT_TRUE(fleet->isComplete());
  EXPECT_TRUE(fleet->robots()[0].isAwaited);
  EXPECT_EQ(fleet->robots()[0].state(), Robot::State::offline);
  shows(statement());  // it has, whatever the relay knows of it
  EXPECT_FALSE(fleet->robots()[0].isAwaited);
  EXPECT_EQ(fleet->robots()[0].state(), Robot::State::online);
  goes("nao1@x/beckond");
  fleet->expect({});
  EXPECT_FALSE(fleet->robots()[0].isAwaited);
}

}  // namespace
}  // namespace beckon::remote
