#include "tests/xmpp/prosody_account.hpp"
#include "xmpp/roster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using test::Prosody;
using test::runUntil;

class ClientOnProsody : public testing::Test {
 protected:
  boost::asio::io_context io;
  Prosody server{{{"robot", "secret"}, {"owner", "secret"}, {"stranger", "secret"}}};
  const Jid robotJid = *Jid::parse(server.jid("robot")), ownerJid = *Jid::parse(server.jid("owner"));
  Account robot{io, server, "robot", {ownerJid}}, owner{io, server, "owner", {robotJid}};

  void meet() {
    robot.start();
    owner.start();
    ASSERT_TRUE(runUntil(io, [this] { return robot.sees(ownerJid) && owner.sees(robotJid); })) << server.log();
  }
};

TEST_F(ClientOnProsody, twoAccountsSeeEachOtherOnceBothListTheOther) {
  meet();
  const auto* presence = owner.sees(robotJid);
  EXPECT_EQ(presence->from.resource(), "test");
  ASSERT_TRUE(presence->caps);
  EXPECT_EQ(presence->caps->node, "urn:test:robot");
  ASSERT_TRUE(presence->stanza.child("robot", "urn:beckon:robot:0"));
  EXPECT_EQ(presence->stanza.child("robot", "urn:beckon:robot:0")->attribute("id"), "robot");

  // What the hash promises is what the robot answers.
  std::optional<run::Result<Element>> answer;
  owner.client->get(
      presence->from,
      Element("query", std::string(ns::discoInfo)).set("node", presence->caps->node + "#" + presence->caps->ver), 5s,
      [&](run::Result<Element> a) { answer = std::move(a); });
  ASSERT_TRUE(runUntil(io, [&] { return answer.has_value(); }));
  ASSERT_TRUE(*answer) << answer->error().cause;
  EXPECT_EQ(capsHash(Disco::read(*(*answer)->child("query", ns::discoInfo)).value()), presence->caps->ver);

  robot.client->stop();
  EXPECT_TRUE(runUntil(io, [this] { return !owner.sees(robotJid); }));
}

TEST_F(ClientOnProsody, seesAgainWithoutAskingWhomItIsSubscribedTo) {
  meet();
  owner.client->stop();
  ASSERT_TRUE(runUntil(io, [this] { return !robot.sees(ownerJid); }));
  Account again(io, server, "owner", {robotJid});
  again.start();
  EXPECT_TRUE(runUntil(io, [&] { return again.sees(robotJid) && robot.sees(ownerJid); }));
}

TEST_F(ClientOnProsody, aRequestGoesThereAndBack) {
  std::optional<Jid> asker;
  robot.client->handle("set", "call", "urn:beckon:rpc:0", [&](const IqRequest& request, const IqReply& reply) {
    asker = request.from;
    if (request.payload.text == "wrong")
      reply.error(run::Error{run::Code::badArguments, "one argument too few", "see info"});
    else
      reply.result(Element("result", "urn:beckon:rpc:0", request.payload.text + "!"));
  });
  meet();
  const auto to = owner.sees(robotJid)->from;
  std::vector<run::Result<Element>> answers;
  const auto keep = [&](run::Result<Element> a) { answers.push_back(std::move(a)); };
  const std::string text = R"({"say": "<hello> & 'good bye' ü"})";
  owner.client->set(to, Element("call", "urn:beckon:rpc:0", text), 5s, keep);
  owner.client->set(to, Element("call", "urn:beckon:rpc:0", "wrong"), 5s, keep);
  owner.client->set(to, Element("other", "urn:beckon:rpc:0"), 5s, keep);
  owner.client->get(*Jid::parse(server.jid("nobody")), Element("call", "urn:beckon:rpc:0"), 5s, keep);
  ASSERT_TRUE(runUntil(io, [&] { return answers.size() == 4; }));
  // The server answers for whom it does not have before the robot does.
  std::map<std::string, int> codes;
  for (const auto& answer : answers) {
    if (answer) {
      EXPECT_EQ(answer->childText("result", "urn:beckon:rpc:0"), text + "!");
    }
    ++codes[answer ? "result" : std::string(run::codeText(answer.error().code))];
  }
  EXPECT_EQ(codes, (std::map<std::string, int>{{"result", 1}, {"bad-arguments", 1}, {"unknown-robot", 2}}));
  EXPECT_EQ(*asker, *ownerJid.withResource("test"));
}

TEST_F(ClientOnProsody, aStrangerSeesNothingAndIsRefused) {
  Account stranger(io, server, "stranger", {robotJid});
  meet();
  stranger.start();
  ASSERT_TRUE(runUntil(io, [&] { return stranger.client->online(); }));
  std::optional<run::Error> error;
  stranger.client->get(*robotJid.withResource("test"), Element("query", std::string(ns::discoInfo)), 5s,
                       [&](run::Result<Element> a) { error = a ? run::Error{} : a.error(); });
  ASSERT_TRUE(runUntil(io, [&] { return error.has_value(); }));
  EXPECT_EQ(error->code, run::Code::unknownRobot);
  EXPECT_FALSE(stranger.sees(robotJid));
  EXPECT_FALSE(robot.sees(*Jid::parse(server.jid("stranger"))));
}

TEST_F(ClientOnProsody, verifiesWhatTheOtherOneCan) {
  meet();
  ASSERT_TRUE(runUntil(io, [this] { return owner.sees(robotJid)->disco != nullptr; }));
  EXPECT_TRUE(owner.sees(robotJid)->disco->features.contains("urn:xmpp:ping"));
}

TEST_F(ClientOnProsody, isSettledOnceWhoIsThereHasBeenSeen) {
  meet();
  owner.client->stop();
  for (int logins = 0; logins < 5; ++logins) {
    Account again(io, server, "owner", {robotJid});
    again.start();
    ASSERT_TRUE(runUntil(io, [&] { return again.client->settled(robotJid); }));
    EXPECT_TRUE(again.sees(robotJid));
    EXPECT_TRUE(again.sees(robotJid)->since);  // the server says how old it is
  }
}

TEST_F(ClientOnProsody, isSettledAboutWhoIsAwayAndWhoseServerDoesNotExist) {
  meet();
  robot.client->stop();
  owner.client->stop();
  const auto elsewhere = *Jid::parse("robot@elsewhere.invalid");
  Account again(io, server, "owner", {robotJid, elsewhere});
  again.start();
  ASSERT_TRUE(runUntil(io, [&] { return again.client->settled(robotJid) && again.client->settled(elsewhere); }));
  EXPECT_TRUE(again.client->present().empty());
}

TEST_F(ClientOnProsody, whoIsNotListedAnyMoreIsRemoved) {
  meet();
  robot.client->stop();
  std::optional<std::size_t> items;  // outlives the client
  Account::Options alone;
  alone.ownsRoster = true;
  Account again(io, server, "robot", {}, alone);
  again.start();
  // The owner's client sees it go, asks once more, and is refused.
  ASSERT_TRUE(runUntil(io, [&] { return again.client->online() && !owner.sees(robotJid); }));
  const auto look = [&](run::Result<Element> answer) {
    items = answer ? answer->child("query", ns::roster)->children.size() : 99;
  };
  ASSERT_TRUE(runUntil(io, [&] {
    if (items != 0u) again.client->get({}, Roster::request(), 5s, look);
    return items == 0u;
  }));
}

TEST_F(ClientOnProsody, requestsInFlightFailWhenTheServerDiesAndAllComeBackWithIt) {
  std::vector<IqReply> never;
  robot.client->handle("get", "call", "urn:beckon:rpc:0",
                       [&](const IqRequest&, const IqReply& reply) { never.push_back(reply); });
  meet();
  std::optional<run::Error> error;
  owner.client->get(owner.sees(robotJid)->from, Element("call", "urn:beckon:rpc:0"), 60s,
                    [&](run::Result<Element> a) { error = a ? run::Error{} : a.error(); });
  ASSERT_TRUE(runUntil(io, [&] { return !never.empty(); }));
  server.kill();
  ASSERT_TRUE(runUntil(io, [&] { return error && !robot.errors.empty() && !owner.errors.empty(); }));
  EXPECT_EQ(error->code, run::Code::connectionLost);
  EXPECT_EQ(robot.errors.front().code, run::Code::connectionLost);
  EXPECT_FALSE(owner.sees(robotJid));
  server.start();
  EXPECT_TRUE(runUntil(io, [this] { return robot.sees(ownerJid) && owner.sees(robotJid); })) << server.log();
}

}  // namespace
}  // namespace beckon::xmpp
