#include "fleet/protocol.hpp"
#include "tests/cli/robot_in_memory.hpp"
#include "tests/support/free_port.hpp"
#include "xmpp/stanza_error.hpp"

#include <algorithm>

// Orders to go to another fleet, as a robot takes them (docs/protocol/fleet.md). That it goes is shown end to end.
namespace beckon::apps {
namespace {

using namespace std::chrono_literals;
using run::Code;
using xmpp::Element;

// Nobody listens where the codes lead.
class FleetOrderTest : public RobotInMemory {
 protected:
  fleet::TransferOrder order(std::chrono::seconds forSoLong = 60s, const std::string& kind = "robot") const {
    return fleet::TransferOrder::make(owner, "r2@x", code(kind), "r2", policy::wallClock() + forSoLong);
  }
  std::string code(const std::string& kind = "robot") const {
    return "127.0.0.1:" + std::to_string(port) + "/lab/" + kind + "/AAECAwQFBgcICQoLDA0ODw";
  }
  // What the robot answers.
  xmpp::StanzaError refusal(const fleet::TransferOrder& order, const std::string& from = "alice@x/here") {
    const auto id = "q" + std::to_string(++questions);
    server->give(xmpp::iqStanza("set", id, "r2@x/beckond").set("from", from).add(fleet::transferRequest(order)));
    Element answer;
    const auto isAnswered = [&] {
      for (const auto& stanza : server->sent)
        if (stanza.name == "iq" && stanza.attribute("id") == id) answer = stanza;
      return answer.name == "iq";
    };
    EXPECT_TRUE(test::runUntil(io, isAnswered));
    EXPECT_EQ(answer.attribute("type"), "error");
    return xmpp::StanzaError::read(answer);
  }
  Code codeOf(const fleet::TransferOrder& order) { return refusal(order).toError().code; }
  fleet::Membership kept() const { return fleet::Membership::load(folder.path()).value().value(); }

  const unsigned short port = test::freePort();
  const run::PrivateKey other = test::keyNumber(2);
  int questions = 0;
};

TEST_F(FleetOrderTest, isNobodysButTheOwners) {
  const auto toStranger = refusal(order(), "mallory@x/here");
  EXPECT_EQ(toStranger.condition, "service-unavailable");
  EXPECT_EQ(toStranger.code, "");
  // The server may write any sender into it, and has not his key.
  auto forged = fleet::TransferOrder::make(other, "r2@x", code(), "r2", policy::wallClock() + 60s);
  EXPECT_EQ(codeOf(forged), Code::badStatement);
  forged = order();
  forged.code = forged.code.substr(0, forged.code.size() - 1) + "g";
  EXPECT_EQ(codeOf(forged), Code::badStatement);
  EXPECT_EQ(codeOf(order(-1s)), Code::tooLate);
  EXPECT_EQ(kept().lastOrder, fleet::WallTime()) << "none was taken";
}

TEST_F(FleetOrderTest, leavesTheRobotWhereItIsWhenItCannotBeCarriedOut) {
  EXPECT_EQ(codeOf(order(60s, "person")), Code::badCode);
  EXPECT_EQ(codeOf(order()), Code::unreachable);
  EXPECT_EQ(kept().account, "r2@x");
  EXPECT_EQ(kept().fleet, "home");
  EXPECT_EQ(moves, 0);
}

TEST_F(FleetOrderTest, isTakenOnceWhateverBecameOfIt) {
  const auto first = order();
  ASSERT_EQ(codeOf(first), Code::unreachable);
  EXPECT_EQ(codeOf(first), Code::tooLate);
  EXPECT_EQ(codeOf(order(30s)), Code::tooLate) << "nor one that was given before";
  EXPECT_EQ(codeOf(order(90s)), Code::unreachable);
  stop();
  start();
  EXPECT_EQ(codeOf(order(80s)), Code::tooLate) << "nor by another run of the program";
}

// A server that is several computers may not know of the login yet where the relay is connected.
TEST_F(FleetOrderTest, findsTheRelayAskedAgainWhereItsFirstAnswerWasLost) {
  const auto asked = [this] {
    return std::count_if(server->sent.begin(), server->sent.end(), [](const Element& stanza) {
      return stanza.attribute("to") == "relay.x" && stanza.child(fleet::membersName, fleet::ns);
    });
  };
  member->online();
  ASSERT_TRUE(test::runUntil(io, [&] { return asked() == 1; }));
  EXPECT_TRUE(test::runUntil(io, [&] { return asked() == 2; }));
}

}  // namespace
}  // namespace beckon::apps
