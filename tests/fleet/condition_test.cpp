#include "fleet/condition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::fleet {
namespace {

using xmpp::Element;

Element robotWith(const Condition& condition) {
  Element out{std::string(robotName), std::string(robotNs)};
  condition.writeTo(out);
  return out;
}

Condition whole() { return {.battery = 80, .isCharging = true, .isBusy = false, .policy = "5d41402abc4b"}; }

TEST(Condition, isReadAsItWasWritten) {
  const auto robot = robotWith(whole());
  EXPECT_EQ(robot.attribute("battery"), "80");
  EXPECT_EQ(robot.attribute("charging"), "true");
  EXPECT_EQ(robot.attribute("busy"), "false");
  EXPECT_EQ(robot.attribute("policy"), "5d41402abc4b");
  EXPECT_EQ(Condition::read(robot), whole());
}

TEST(Condition, saysNothingOfWhatIsNotKnown) {
  EXPECT_TRUE(robotWith({}).attributes.empty());
  EXPECT_EQ(Condition::read(robotWith({})), Condition());
  EXPECT_EQ(Condition().text(), "");
  EXPECT_TRUE(Condition().forPeople().empty());
  Condition charge;
  charge.battery = 7;
  EXPECT_EQ(charge.text(), "battery 7 %");
}

TEST(Condition, takesWhatCannotBeReadForUnknown) {
  for (const auto* text : {"-1", "101", "80 ", "+5", "8.0", "x", "99999999999"})
    EXPECT_FALSE(Condition::read(robotWith({}).set("battery", text)).battery) << text;
  EXPECT_EQ(Condition::read(robotWith({}).set("battery", "0")).battery, 0);
  for (const auto* text : {"1", "TRUE", "yes"}) {
    EXPECT_FALSE(Condition::read(robotWith({}).set("charging", text)).isCharging) << text;
    EXPECT_FALSE(Condition::read(robotWith({}).set("busy", text)).isBusy) << text;
  }
  for (const auto& text : {std::string("a b"), std::string("\x1b[2J"), std::string(65, 'a')})
    EXPECT_EQ(Condition::read(robotWith({}).set("policy", text)).policy, "") << text;
}

TEST(Condition, isToldToEveryXmppClient) {
  EXPECT_EQ(whole().text(), "battery 80 %, charging, in control: nobody");
  const Element status("status", "jabber:client", "battery 80 %, charging, in control: nobody");
  EXPECT_THAT(whole().forPeople(), testing::ElementsAre(status));
  auto busy = whole();
  busy.isBusy = true;
  busy.isCharging = false;
  EXPECT_THAT(busy.forPeople(),
              testing::ElementsAre(Element("show", "jabber:client", "dnd"),
                                   Element("status", "jabber:client", "battery 80 %, in control: somebody")));
}

}  // namespace
}  // namespace beckon::fleet
