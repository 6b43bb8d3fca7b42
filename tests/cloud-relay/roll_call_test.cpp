#include "cloud-relay/roll_call.hpp"

#include "fleet/protocol.hpp"
#include "tests/cloud-relay/relay_in_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

const std::string first = "r2@x", second = "r3@x";

// Nobody is heard so short ago that he would not be asked.
class RollCallTest : public RelayInMemory {
 protected:
  RollCallTest() {
    begin();
    call.online();
    call.heard(jid(first + "/here"));
    call.heard(jid(second + "/here"));
    memory->answer = [this](const xmpp::Element& stanza) {
      if (stanza.attribute("to") == "x" && isServerBusy) return;
      if (stanza.attribute("to") == "x") return serve(stanza);
      asked.emplace_back(stanza.attribute("to"));
      const auto type = answers.find(asked.back());
      if (type == answers.end()) return;
      auto answer = xmpp::iqStanza(type->second, stanza.attribute("id"), "relay.x").set("from", asked.back());
      if (type->second == "error") answer.add(xmpp::serviceUnavailable.element());
      memory->give(answer);
    };
  }

  // How long it took.
  steady_clock::duration ask() {
    const auto begun = steady_clock::now();
    bool isDone = false;
    boost::asio::co_spawn(io, call.ask({first, second}), [&](std::exception_ptr) { isDone = true; });
    EXPECT_TRUE(test::runUntil(io, [&] { return isDone; }));
    return steady_clock::now() - begun;
  }

  RollCall call{io.get_executor(), component, 0ms};
  std::map<std::string, std::string> answers{{first + "/here", "result"}, {second + "/here", "result"}};
  std::vector<std::string> asked;
  bool isServerBusy = false;
};

TEST_F(RollCallTest, isDoneWhenAllHaveAnswered) {
  EXPECT_LT(ask(), Liveness::patience);
  EXPECT_THAT(asked, UnorderedElementsAre("r2@x/here", "r3@x/here"));
}

TEST_F(RollCallTest, waitsNoLongerThanItsPatienceForWhoIsSilent) {
  answers.erase(second + "/here");
  EXPECT_GE(ask(), Liveness::patience);
  EXPECT_GE(call.silence(second), Liveness::patience);
  // Who looks soon afterwards does not wait for it again.
  asked.clear();
  EXPECT_LT(ask(), Liveness::patience);
  EXPECT_THAT(asked, ElementsAre("r2@x/here"));
}

// It has all questions when it answers what comes behind them.
TEST_F(RollCallTest, waitsForWhoIsAskedThroughABusyServer) {
  answers.clear();
  isServerBusy = true;
  bool isDone = false;
  boost::asio::co_spawn(io, call.ask({first}), [&](std::exception_ptr) { isDone = true; });
  ASSERT_TRUE(test::runUntil(io, [&] { return !memory->sent.empty() && memory->sent.back().attribute("to") == "x"; }));
  const auto ping = memory->sent.back();
  EXPECT_FALSE(test::runUntil(
      io, [&] { return isDone; }, Liveness::patience + 100ms));
  serve(ping);
  memory->give(xmpp::iqStanza("result", memory->sent.front().attribute("id"), "relay.x").set("from", first + "/here"));
  EXPECT_TRUE(test::runUntil(
      io, [&] { return isDone; }, Liveness::patience / 2));
}

TEST_F(RollCallTest, doesNotWaitForWhoIsNotThere) {
  answers[second + "/here"] = "error";
  EXPECT_LT(ask(), Liveness::patience);
  // It is looked for.
  EXPECT_TRUE(test::runUntil(io, [&] { return asked.size() == 3; }));
  EXPECT_THAT(asked, UnorderedElementsAre("r2@x/here", "r3@x/here", "r3@x"));
}

TEST_F(RollCallTest, whoIsForgottenWhileItIsAskedStaysSo) {
  const auto answering = memory->answer;
  memory->answer = [&](const xmpp::Element& stanza) {
    if (stanza.attribute("to") == second + "/here") call.forget(second);
    answering(stanza);
  };
  EXPECT_LT(ask(), Liveness::patience);
  EXPECT_TRUE(call.knows(first));
  EXPECT_FALSE(call.knows(second));
}

}  // namespace
}  // namespace beckon::relay
