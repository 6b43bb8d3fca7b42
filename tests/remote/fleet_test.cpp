#include "remote/fleet.hpp"

#include "tests/remote/fleet_fixture.hpp"

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

TEST_F(FleetTest, doesNotTakeForARobotWhoseCapabilitiesDoNotVerify) {
  Element presence("presence", std::string(ns::client));
  presence.set("from", "nao1@x/beckond");
  presence.add(xmpp::Caps{"urn:robot", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}.element());
  presence.add(Element("robot", "urn:beckon:robot:0").set("id", "id-1"));
  server->give(presence);
  comes("nao2@x/beckond");  // asked later, verified: the other's answer has come
  EXPECT_FALSE(fleet->addressOf("nao1"));
}

TEST_F(FleetTest, doesNotTakeSomebodyElsesResourceForARobot) {
  server->give(Element("presence", std::string(ns::client)).set("from", "nao1@x/phone"));
  io.poll();
  EXPECT_FALSE(fleet->addressOf("nao1"));
  comes("nao1@x/beckond");
  EXPECT_EQ(fleet->addressOf("nao1"), jid("nao1@x/beckond"));
}

}  // namespace
}  // namespace beckon::remote
