#include "apps/beckond/fleet_member.hpp"
#include "fleet/protocol.hpp"
#include "tests/support/ed25519_key.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_folder.hpp"
#include "xmpp/stanza_error.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>

// Orders to go to another fleet, as a robot takes them (docs/protocol/fleet.md). That it goes is shown end to end.
namespace beckon::apps {
namespace {

using namespace std::chrono_literals;
using run::Code;
using xmpp::Element;

// r2@x, of alice's fleet. Nobody listens where the codes lead.
class FleetOrderTest : public testing::Test {
 protected:
  FleetOrderTest() {
    server->executor = io.get_executor();
    fleet::Membership membership;
    membership.folder = folder.path();
    membership.fleet = "home";
    membership.account = "r2@x";
    membership.ownerAccount = "alice@x";
    membership.ownerKey = owner.publicKey();
    membership.relay = "relay.x";
    membership.save().value();
    start();
  }
  ~FleetOrderTest() override { stop(); }
  // A run of the robot's program.
  void start() {
    xmpp::Client::Config config;
    config.contacts = {xmpp::Jid::parse("alice@x").value()};
    client.emplace(
        io.get_executor(), [this] { return std::make_unique<test::MemoryStream>(server); }, config, run::silentLog());
    const auto membership = fleet::Membership::load(folder.path()).value().value();
    FleetMember::Events events{
        .stated = [] {},
        .moved = [this] { ++moves; },
        .proxyTo = [](const std::string&) { return run::Result<std::optional<xmpp::Proxy>>(std::nullopt); }};
    member = std::make_shared<FleetMember>(io.get_executor(), *client, membership,
                                           run::loadIdentity(folder.path()).value(), events, run::silentLog());
    member->open();
    client->start({});
    ASSERT_TRUE(test::runUntil(io, [this] { return static_cast<bool>(server->events.online); }));
    server->online(xmpp::Jid::parse("r2@x/beckond").value());
  }
  void stop() {
    client->stop();
    member.reset();
    io.restart();
    io.poll();
  }

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
  const run::PrivateKey owner = test::keyNumber(1), other = test::keyNumber(2);
  test::TemporaryFolder folder;
  boost::asio::io_context io;
  std::shared_ptr<test::MemoryServer> server = std::make_shared<test::MemoryServer>();
  std::optional<xmpp::Client> client;
  std::shared_ptr<FleetMember> member;
  int questions = 0, moves = 0;
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
