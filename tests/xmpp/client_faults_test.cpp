// A client and a server or network that fails it: it comes back by itself, within a bound, and says what was wrong.
#include "tests/xmpp/bad_network.hpp"
#include "tests/xmpp/prosody_account.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using test::Prosody;
using test::runUntil;
using testing::HasSubstr;

constexpr auto offersTls =
    "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
    "from='robots.test' id='1' xmlns='jabber:client'><stream:features><starttls "
    "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

class ClientFaults : public testing::Test {
 protected:
  boost::asio::io_context io;
  Prosody server{Prosody::Account{"robot", "secret"}, Prosody::Account{"owner", "secret"}};
  const Jid robotJid = *Jid::parse(server.jid("robot")), ownerJid = *Jid::parse(server.jid("owner"));

  // The first two attempts meet a server that says these words; the third finds a good one.
  run::Error comesOnlineAfter(const std::string& words) {
    test::Hostile hostile(io, words);
    Account::Options options;
    options.before = {hostile.port(), hostile.port()};
    options.stageDeadline = 1s;  // a good server answers well within it, on a busy machine too
    options.longestRetry = 100ms;
    Account robot(io, server, "robot", {}, options);
    robot.start();
    EXPECT_TRUE(runUntil(io, [&] { return robot.client->online(); })) << server.log();
    EXPECT_EQ(robot.attempts, 3);
    EXPECT_EQ(robot.errors.size(), 2u);
    return robot.errors.empty() ? run::Error{} : robot.errors.back();
  }

  void forgetRoster(const std::string& account) {
    const auto data = std::filesystem::path(server.caFile()).parent_path() / "data";
    std::vector<std::filesystem::path> found;
    for (const auto& file : std::filesystem::recursive_directory_iterator(data))
      if (file.path().parent_path().filename() == "roster" && file.path().stem() == account)
        found.push_back(file.path());
    ASSERT_EQ(found.size(), 1u);
    std::filesystem::remove(found[0]);
  }
};

TEST_F(ClientFaults, comesBackFromATlsHandshakeThatStalls) {
  const auto error = comesOnlineAfter(offersTls);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("TLS"));
}

TEST_F(ClientFaults, comesBackFromAServerThatAcceptsAndIsSilent) {
  const auto error = comesOnlineAfter("");
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("stream header"));
}

TEST_F(ClientFaults, comesBackFromGarbage) {
  EXPECT_EQ(comesOnlineAfter("\x16\x03\x01 not XML <<<\0\xff").code, run::Code::protocolError);
}

TEST_F(ClientFaults, comesBackFromGarbageInTheTlsHandshake) {
  const auto error = comesOnlineAfter(std::string(offersTls) + std::string(100, 'x'));
  EXPECT_THAT(error.code, testing::AnyOf(run::Code::protocolError, run::Code::timedOut)) << error.cause;
}

TEST_F(ClientFaults, saysThatASecondOneUsesTheAccountAndTakesItBackOnceThatIsGone) {
  Account::Options options;
  options.longestRetry = 500ms;
  Account robot(io, server, "robot", {}, options);
  robot.start();
  ASSERT_TRUE(runUntil(io, [&] { return robot.client->online(); }));
  {
    Account second(io, server, "robot", {}, options);
    second.start();
    ASSERT_TRUE(runUntil(io, [&] { return second.client->online() && !robot.errors.empty(); }));
    EXPECT_EQ(robot.errors[0].code, run::Code::connectionLost);
    EXPECT_THAT(robot.errors[0].cause, HasSubstr("conflict"));
    EXPECT_THAT(robot.errors[0].nextStep, HasSubstr("same account"));
  }
  EXPECT_TRUE(runUntil(io, [&] { return robot.client->online(); }));
}

// With the waits that are the default.
TEST_F(ClientFaults, isBackWithinTenSecondsOfAServerThatWasKilled) {
  Account::Options options;
  options.firstRetry = 1000ms;
  Account robot(io, server, "robot", {ownerJid}, options), owner(io, server, "owner", {robotJid}, options);
  robot.start();
  owner.start();
  ASSERT_TRUE(runUntil(io, [&] { return robot.sees(ownerJid) && owner.sees(robotJid); }));
  server.kill();
  server.start();
  EXPECT_TRUE(runUntil(io, [&] { return !robot.errors.empty() && !owner.errors.empty(); }));
  EXPECT_TRUE(runUntil(
      io, [&] { return robot.sees(ownerJid) && owner.sees(robotJid); }, 10s))
      << server.log();
}

TEST_F(ClientFaults, meetsAgainOnAServerThatHasLostARoster) {
  for (const std::vector<std::string>& lost : {std::vector<std::string>{"robot"}, {"owner"}, {"robot", "owner"}}) {
    Account robot(io, server, "robot", {ownerJid}), owner(io, server, "owner", {robotJid});
    robot.start();
    owner.start();
    ASSERT_TRUE(runUntil(io, [&] { return robot.sees(ownerJid) && owner.sees(robotJid); }));
    server.kill();
    for (const auto& account : lost) forgetRoster(account);
    ASSERT_TRUE(runUntil(io, [&] { return !robot.sees(ownerJid) && !owner.sees(robotJid); }));
    server.start();
    // A subscription that only one server still knows is renewed after a pause of five seconds.
    EXPECT_TRUE(runUntil(
        io, [&] { return robot.sees(ownerJid) && owner.sees(robotJid); }, 15s))
        << lost.size() << lost[0] << server.log();
  }
}

// Prosody drops a request to somebody who is away and whose roster says that it is settled. It is sent again once he is
// seen, and renewed after another pause.
TEST_F(ClientFaults, meetsAgainThoughItsRequestWasLostWhileTheOtherOneWasAway) {
  {
    Account robot(io, server, "robot", {ownerJid}), owner(io, server, "owner", {robotJid});
    robot.start();
    owner.start();
    ASSERT_TRUE(runUntil(io, [&] { return robot.sees(ownerJid) && owner.sees(robotJid); }));
  }
  server.kill();
  forgetRoster("robot");
  server.start();
  Account robot(io, server, "robot", {ownerJid}), owner(io, server, "owner", {robotJid});
  robot.start();
  ASSERT_TRUE(runUntil(io, [&] { return robot.client->online(); }));
  std::optional<bool> asked;  // the server has had the request
  robot.client->get({}, Element("ping", std::string(ns::ping)), 5s,
                    [&](const run::Result<Element>& a) { asked = a.has_value(); });
  ASSERT_TRUE(runUntil(io, [&] { return asked.has_value(); }));
  owner.start();
  EXPECT_TRUE(runUntil(
      io, [&] { return robot.sees(ownerJid) && owner.sees(robotJid); }, 20s))
      << server.log();
}

TEST_F(ClientFaults, leavesAConnectionThatIsHalfOpen) {
  test::Proxy proxy(io, server.port());
  Account::Options options;
  options.port = proxy.port();
  options.longestSilence = 300ms;
  options.pingDeadline = 300ms;
  options.longestRetry = 100ms;
  options.stageDeadline = 2s;
  Account robot(io, server, "robot", {}, options);
  robot.start();
  ASSERT_TRUE(runUntil(io, [&] { return robot.client->online(); }));
  proxy.frozen = true;
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(runUntil(io, [&] { return !robot.errors.empty(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
  EXPECT_EQ(robot.errors[0].code, run::Code::timedOut);
  EXPECT_THAT(robot.errors[0].cause, HasSubstr("ping"));
  EXPECT_FALSE(robot.client->online());
  proxy.frozen = false;
  EXPECT_TRUE(runUntil(io, [&] { return robot.client->online(); }));
}

}  // namespace
}  // namespace beckon::xmpp
