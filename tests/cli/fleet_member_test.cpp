#include "fleet/protocol.hpp"
#include "tests/cli/robot_in_memory.hpp"
#include "xmpp/stanza_error.hpp"

#include <algorithm>

// How a robot lets its relay know that it is there (docs/protocol/fleet.md).
namespace beckon::apps {
namespace {

using namespace std::chrono_literals;
using xmpp::Element;

class FleetMemberTest : public RobotInMemory {
 protected:
  const Element* sent(std::string_view stanza, std::string_view payload) const {
    const auto found = std::ranges::find_if(
        server->sent, [&](const Element& each) { return each.name == stanza && each.child(payload, fleet::ns); });
    return found == server->sent.end() ? nullptr : &*found;
  }
  // Whether it sends a heartbeat when the relay has told it this.
  bool tellsThatItIsThere(bool asksRobots) {
    member->online();
    const auto isAsking = [&] { return sent("iq", fleet::membersName) != nullptr; };
    EXPECT_TRUE(test::runUntil(io, isAsking));
    fleet::MembersInfo info;
    info.place = {"relay.x", 5443, "home", fleet::Kind::robot, ""};
    info.asksRobots = asksRobots;
    const auto question = *sent("iq", fleet::membersName);
    server->give(xmpp::iqStanza("result", question.attribute("id"), "r2@x/beckond")
                     .set("from", "relay.x")
                     .add(fleet::membersResult(info)));
    return test::runUntil(
        io, [&] { return sent("message", fleet::aliveName) != nullptr; }, 200ms);
  }
  std::string answerTo(const std::string& from) {
    server->sent.clear();
    server->give(xmpp::iqStanza("get", "q", "r2@x/beckond")
                     .set("from", from)
                     .add(Element(std::string(fleet::aliveName), std::string(fleet::ns))));
    const auto answer = [&] {
      return std::ranges::find_if(server->sent, [](const Element& each) { return each.attribute("id") == "q"; });
    };
    EXPECT_TRUE(test::runUntil(io, [&] { return answer() != server->sent.end(); }));
    return std::string(answer()->attribute("type") == "error" ? xmpp::StanzaError::read(*answer()).condition
                                                              : std::string(answer()->attribute("type")));
  }
};

TEST_F(FleetMemberTest, answersItsRelayAloneWhetherItIsThere) {
  EXPECT_EQ(answerTo("relay.x"), "result");
  for (const auto* other : {"alice@x/here", "mallory@x/here", "relay.x/somebody", "x"})
    EXPECT_EQ(answerTo(other), "service-unavailable") << other;
}

TEST_F(FleetMemberTest, tellsARelayThatDoesNotAskThatItIsThere) { EXPECT_TRUE(tellsThatItIsThere(false)); }

TEST_F(FleetMemberTest, tellsNothingToARelayThatAsks) { EXPECT_FALSE(tellsThatItIsThere(true)); }

}  // namespace
}  // namespace beckon::apps
