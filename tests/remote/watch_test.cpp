#include "remote/watch.hpp"

#include "tests/remote/fleet_fixture.hpp"

#include <boost/asio/detached.hpp>

namespace beckon::remote {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WatchTest : public FleetTest {
 protected:
  WatchTest() {
    Watch::Events events;
    events.value = [this](const qi::Value& arguments) {
      seen.push_back(std::to_string(qi::fromValue<std::tuple<int>>(arguments).value() == std::tuple(7) ? 7 : 0));
    };
    events.missed = [this](std::optional<std::uint64_t> count) {
      seen.push_back("missed " + (count ? std::to_string(*count) : "?"));
    };
    events.state = [this](Watch::State state) {
      seen.push_back(state == Watch::State::live ? "live" : state == Watch::State::away ? "away" : "gone");
    };
    events.ended = [this](const run::Error& why) { seen.push_back("ended: " + why.cause); };
    watch = std::make_shared<Watch>(*fleet, *exchanges, *client, "nao1", "Battery", "charge", "w1", std::move(events));
    comes("nao1@x/beckond");
    boost::asio::co_spawn(io, watch->begin(), [](std::exception_ptr, run::Result<> begun) { EXPECT_TRUE(begun); });
    subscribed(0, {0, true});
    boost::asio::co_spawn(
        io, [this]() { return Watch::keep(watch, *fleet); }, boost::asio::detached);
  }
  ~WatchTest() override {
    watch.reset();
    io.restart();
    io.poll();
  }

  // Answers the request of that number, which must be the subscription.
  void subscribed(std::size_t number, rpc::Subscribed told) {
    ASSERT_TRUE(asked(number + 1));
    ASSERT_EQ(payload(number), rpc::subscribeRequest({"Battery", "charge", "w1"}));
    answer(requests[number], rpc::subscribeResult("w1", told));
    io.poll();
  }
  void event(std::uint64_t seq, rpc::Event::Kind kind = rpc::Event::Kind::value,
             const std::string& from = "nao1@x/beckond") {
    const qi::Value arguments = qi::Tuple{{qi::toValue(7)}, {}};
    server->give(
        rpc::eventMessage("owner@x/here", {"w1", seq, kind, arguments, {run::Code::refused, "not yours", "ask"}})
            .set("from", from));
  }
  void heard(const Element& message) override {
    if (const auto* body = message.child(rpc::event, rpc::ns); body && watch)
      watch->received(jid(message.attribute("from")), *body);
  }

  std::shared_ptr<Watch> watch;
  std::vector<std::string> seen;
};

TEST_F(WatchTest, givesEachEventOnceInOrder) {
  event(1);
  event(2);
  event(2);
  event(1);
  EXPECT_THAT(seen, ElementsAre("7", "7"));
}

TEST_F(WatchTest, countsWhatIsMissing) {
  event(1);
  event(5);
  EXPECT_THAT(seen, ElementsAre("7", "missed 3", "7"));
}

TEST_F(WatchTest, takesNothingFromSomebodyElse) {
  event(1, rpc::Event::Kind::value, "stranger@x/beckond");
  event(1, rpc::Event::Kind::value, "nao2@x/beckond");
  EXPECT_THAT(seen, IsEmpty());
  event(1, rpc::Event::Kind::value, "nao1@x/elsewhere");
  EXPECT_THAT(seen, ElementsAre("7"));
}

TEST_F(WatchTest, tellsThatTheServiceWentAndIsBack) {
  event(1, rpc::Event::Kind::gone);
  event(2, rpc::Event::Kind::back);
  event(3);
  EXPECT_THAT(seen, ElementsAre("gone", "live", "7"));
}

TEST_F(WatchTest, subscribesAgainWhenOurConnectionIsBackAndCountsWhatWasMissed) {
  event(1);
  cut();
  comeOnline();
  ASSERT_TRUE(runUntil(io, [&] { return seen.size() == 2; }));
  comes("nao1@x/beckond");
  subscribed(1, {4, false});
  event(5);
  EXPECT_THAT(seen, ElementsAre("7", "away", "live", "missed 3", "7"));
}

TEST_F(WatchTest, saysThatItIsNotKnownHowMuchWasMissedWhenTheRobotStartedAnew) {
  event(1);
  event(2);
  goes("nao1@x/beckond");
  ASSERT_TRUE(runUntil(io, [&] { return seen.size() == 3; }));
  comes("nao1@x/beckond");
  ASSERT_TRUE(asked(2));
  // An event of the new one is right behind the answer.
  answer(requests[1], rpc::subscribeResult("w1", {0, true}));
  event(1);
  EXPECT_THAT(seen, ElementsAre("7", "7", "away", "live", "missed ?", "7"));
}

TEST_F(WatchTest, learnsFromTheAnswerThatTheServiceIsAway) {
  goes("nao1@x/beckond");
  comes("nao1@x/beckond");
  subscribed(1, {1, false, true});
  event(2, rpc::Event::Kind::back);
  EXPECT_THAT(seen, ElementsAre("gone", "missed 1", "live"));
}

TEST_F(WatchTest, triesAgainWhileTheServiceOfARobotThatStartedAnewIsNotThereYet) {
  goes("nao1@x/beckond");
  comes("nao1@x/beckond");
  ASSERT_TRUE(asked(2));
  refuse(requests[1], xmpp::StanzaError::from({run::Code::unknownService, "there is no service", "wait"}));
  subscribed(2, {0, true});
  EXPECT_THAT(seen, ElementsAre("gone", "live", "missed ?"));
}

TEST_F(WatchTest, endsWhenTheRobotSaysSoAndIsNotRenewed) {
  event(1, rpc::Event::Kind::ended);
  event(2);
  goes("nao1@x/beckond");
  comes("nao1@x/beckond");
  EXPECT_THAT(seen, ElementsAre("ended: not yours"));
  watch.reset();
  io.restart();
  io.poll();
  EXPECT_EQ(requests.size(), 1u);
}

TEST_F(WatchTest, endsWhenItsRenewalIsRefused) {
  goes("nao1@x/beckond");
  comes("nao1@x/beckond");
  ASSERT_TRUE(asked(2));
  refuse(requests[1], xmpp::StanzaError::from({run::Code::notNow, "too early", "wait"}));
  ASSERT_TRUE(runUntil(io, [&] { return !seen.empty() && seen.back() == "ended: too early"; }));
}

TEST_F(WatchTest, endsTheSubscriptionWhenItIsDropped) {
  watch.reset();
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(payload(1), rpc::unsubscribeRequest("w1"));
}

}  // namespace
}  // namespace beckon::remote
