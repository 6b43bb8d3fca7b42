#include "cloud-relay/turn_door.hpp"

#include "tests/cloud-relay/relay_in_memory.hpp"
#include "xmpp/timestamp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using testing::EndsWith;
using xmpp::Element;

class TurnDoorTest : public RelayInMemory {
 protected:
  TurnDoorTest() {
    door.open();
    begin();
  }
  static Element request(std::string_view name) { return Element(std::string(name), std::string(TurnDoor::ns)); }

  TurnServer server{"turn.x", 3478, "hush", std::chrono::seconds(300)};
  TurnDoor door{component, store, registrar, server};
};

TEST(TurnCredentials, areThoseThatATurnServerExpects) {
  const auto made = turnCredentials({"turn.x", 3478, "north", std::chrono::seconds(600)}, "r2@x",
                                    WallTime(std::chrono::seconds(1433895318)));
  EXPECT_EQ(made.name, "1433895918:r2@x");
  // openssl dgst -sha1 -hmac north -binary | base64
  EXPECT_EQ(made.password, "E3bkaIkRLrDRcwb1BuYS3C+fC/w=");
}

TEST_F(TurnDoorTest, tellsAMemberOfTheServerWithCredentialsOfItsOwn) {
  const auto before = policy::wallClock();
  const auto answer = ask("r2", "get", request("services"));
  const auto* services = answer.child("services", TurnDoor::ns);
  ASSERT_TRUE(services);
  ASSERT_EQ(services->children.size(), 2u);
  EXPECT_EQ(services->children[0].attribute("transport"), "udp");
  EXPECT_EQ(services->children[1].attribute("transport"), "tcp");
  for (const auto& service : services->children) {
    EXPECT_EQ(service.attribute("type"), "turn");
    EXPECT_EQ(service.attribute("host"), "turn.x");
    EXPECT_EQ(service.attribute("port"), "3478");
    EXPECT_THAT(std::string(service.attribute("username")), EndsWith(":r2@x"));
    EXPECT_FALSE(service.attribute("password").empty());
    const auto ends = xmpp::parseTimestamp(service.attribute("expires")).value();
    EXPECT_GE(ends, before + 300s);
    EXPECT_LE(ends, policy::wallClock() + 300s);
  }
}

TEST_F(TurnDoorTest, tellsOfWhatIsAskedFor) {
  const auto count = [&](std::string_view type) {
    return ask("r2", "get", request("services").set("type", type)).child("services", TurnDoor::ns)->children.size();
  };
  EXPECT_EQ(count("turn"), 2u);
  EXPECT_EQ(count("stun"), 0u);
  const auto asked = [&](std::string_view host) {
    return ask("r2", "get",
               request("credentials")
                   .add(Element("service", std::string(TurnDoor::ns)).set("type", "turn").set("host", host)));
  };
  EXPECT_FALSE(asked("turn.x").child("credentials", TurnDoor::ns)->children.front().attribute("password").empty());
  EXPECT_EQ(xmpp::StanzaError::read(asked("other.x")).condition, "item-not-found");
  EXPECT_EQ(xmpp::StanzaError::read(ask("r2", "get", request("credentials"))).condition, "bad-request");
}

TEST_F(TurnDoorTest, strangersAndTheRevokedGetNone) {
  const auto condition = [&](const std::string& who) {
    return xmpp::StanzaError::read(ask(who, "get", request("services"))).condition;
  };
  EXPECT_EQ(condition("mallory"), "service-unavailable");
  store.revoke("r2@x", policy::wallClock()).value();
  EXPECT_EQ(condition("r2"), "service-unavailable");
}

}  // namespace
}  // namespace beckon::relay
