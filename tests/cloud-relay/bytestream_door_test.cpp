#include "cloud-relay/bytestream_door.hpp"

#include "tests/cloud-relay/relay_in_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace beckon::relay {
namespace {

namespace bytestreams = xmpp::bytestreams;
using testing::HasSubstr;
using xmpp::Element;

class BytestreamDoorTest : public RelayInMemory {
 protected:
  BytestreamDoorTest() {
    options.tickets.ofRequester = 2;
    proxy.emplace(io, usage, run::silentLog(), options);
    door.emplace(component, store, registrar, *proxy, bytestreams::Host{jid("relay.x"), "192.0.2.1", 5480, 0, 10},
                 run::silentLog());
    door->open();
    begin();
  }
  ~BytestreamDoorTest() override { proxy->stop(); }

  static Element ticketRequest(const std::string& target, const std::string& sid = "0123456789abcdef") {
    return bytestreams::ticketRequest({sid, {}, jid(target)});
  }

  BytestreamProxy::Options options;
  Usage usage{store, 1000};
  std::optional<BytestreamProxy> proxy;
  std::optional<BytestreamDoor> door;
};

TEST_F(BytestreamDoorTest, tellsMembersWhereItListens) {
  const auto answer = ask("r2", "get", bytestreams::hostRequest());
  const auto host = bytestreams::readHostAnswer(*answer.child("query", bytestreams::ns)).value();
  EXPECT_EQ(host.jid, jid("relay.x"));
  EXPECT_EQ(host.host, "192.0.2.1");
  EXPECT_EQ(host.port, 5480);
  EXPECT_FALSE(answer.child("query", bytestreams::ns)->child("ticket", bytestreams::ticketNs));
}

TEST_F(BytestreamDoorTest, tellsHowFullItIs) {
  const auto load = [&] {
    const auto answer = ask("alice", "get", bytestreams::hostRequest());
    return bytestreams::readHostAnswer(*answer.child("query", bytestreams::ns)).value().load();
  };
  EXPECT_EQ(load(), 0);
  ask("r2", "get", ticketRequest("alice@x/pc"));
  EXPECT_EQ(load(), 0.1);
}

TEST_F(BytestreamDoorTest, givesATicketToAMemberOfTheFleetForAnother) {
  const auto answer = ask("r2", "get", ticketRequest("alice@x/pc"));
  const auto* query = answer.child("query", bytestreams::ns);
  EXPECT_EQ(bytestreams::readHostAnswer(*query).value().port, 5480);
  ASSERT_TRUE(query->child("ticket", bytestreams::ticketNs));
  EXPECT_EQ(query->child("ticket", bytestreams::ticketNs)->attribute("seconds"), "60");
  EXPECT_THAT(refusal("r2", "get", ticketRequest("alice@x/pc")).cause, HasSubstr("there is a ticket of that sid"));
}

TEST_F(BytestreamDoorTest, saysNothingToWhoIsNoMember) {
  for (const auto& asked : {bytestreams::hostRequest(), ticketRequest("alice@x/pc")})
    EXPECT_EQ(xmpp::StanzaError::read(ask("mallory", "get", asked)).condition, "service-unavailable");
  const auto active = bytestreams::activation({"0123456789abcdef", {}, jid("alice@x/pc")});
  EXPECT_EQ(xmpp::StanzaError::read(ask("mallory", "set", active)).condition, "service-unavailable");
}

TEST_F(BytestreamDoorTest, leadsToNobodyOutsideTheFleet) {
  for (const auto target : {"mallory@x/pc", "w2@x/beckond", "alice@elsewhere/pc"}) {
    const auto refused = refusal("r2", "get", ticketRequest(target));
    EXPECT_EQ(refused.code, run::Code::unknownRobot) << target;
    EXPECT_THAT(refused.cause, HasSubstr("in fleet home"));
  }
}

TEST_F(BytestreamDoorTest, refusesWhoHasEnough) {
  ASSERT_EQ(ask("r2", "get", ticketRequest("alice@x/pc", "0000000000000001")).attribute("type"), "result");
  ASSERT_EQ(ask("r2", "get", ticketRequest("alice@x/pc", "0000000000000002")).attribute("type"), "result");
  const auto tooMany = refusal("r2", "get", ticketRequest("alice@x/pc", "0000000000000003"));
  EXPECT_EQ(tooMany.code, run::Code::overloaded);
  EXPECT_THAT(tooMany.nextStep, HasSubstr("bytestreams.streams"));
  const auto counter = usage.begin("r3@x", policy::wallClock()).value();
  usage.move(*counter, 1000);
  const auto tooMuch = refusal("r3", "get", ticketRequest("alice@x/pc"));
  EXPECT_EQ(tooMuch.code, run::Code::overloaded);
  EXPECT_THAT(tooMuch.cause, HasSubstr("has moved 1000 bytes through the relay today, and may move 1000"));
  EXPECT_THAT(tooMuch.nextStep, HasSubstr("bytestreams.bytes_a_day"));
}

TEST_F(BytestreamDoorTest, activatesNothingThatIsNotThere) {
  const auto activation = bytestreams::activation({"0123456789abcdef", {}, jid("alice@x/pc")});
  EXPECT_THAT(refusal("r2", "set", activation).cause, HasSubstr("no open ticket"));
  ask("r2", "get", ticketRequest("alice@x/pc"));
  EXPECT_THAT(refusal("r2", "set", activation).cause, HasSubstr("not both ends"));
  EXPECT_THAT(refusal("r3", "set", activation).cause, HasSubstr("no open ticket"));
}

}  // namespace
}  // namespace beckon::relay
