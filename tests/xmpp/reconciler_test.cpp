#include "xmpp/reconciler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Reconciler::TimePoint begin{};
const Jid selfJid = *Jid::parse("robot@x/gw"), ownerJid = *Jid::parse("owner@x");
const run::Error lostConnection{run::Code::connectionLost, "cut", ""};

Reconciler::Settings settings() {
  Reconciler::Settings out;
  out.contacts = {ownerJid};
  out.presence = Element("presence", std::string(ns::client)).add(Element("c", std::string(ns::caps)));
  return out;
}

Element rosterWith(std::string_view subscription) {
  Element item("item", std::string(ns::roster));
  return Roster::request().add(item.set("jid", ownerJid.text()).set("subscription", subscription));
}

std::string name(const Reconciler::Action& action) {
  struct Name {
    std::string operator()(const Reconciler::Open&) { return "open"; }
    std::string operator()(const Reconciler::AskRoster&) { return "ask roster"; }
    std::string operator()(const Reconciler::Send& a) {
      const auto type = a.stanza.attribute("type");
      return type.empty() ? "announce" : std::string(type);
    }
    std::string operator()(const Reconciler::ChangeRoster&) { return "change roster"; }
    std::string operator()(const Reconciler::Ping&) { return "ping"; }
    std::string operator()(const Reconciler::Online&) { return "online"; }
    std::string operator()(const Reconciler::Close& a) { return "close " + std::string(run::codeText(a.why.code)); }
    std::string operator()(const Reconciler::Leave&) { return "leave"; }
  };
  return std::visit(Name(), action);
}

std::vector<std::string> names(const Reconciler::Actions& actions) {
  std::vector<std::string> out;
  for (const auto& action : actions) out.push_back(name(action));
  return out;
}

struct ReconcilerOnline : testing::Test {
  ReconcilerOnline() {
    reconciler.start(begin);
    reconciler.bound(selfJid, begin);
    const auto roster = rosterWith("both");
    reconciler.rosterCame(&roster, begin);
  }
  Reconciler reconciler{settings(), 1};
};

TEST(Reconciler, comesOnlineStepByStep) {
  Reconciler reconciler(settings(), 1);
  EXPECT_EQ(reconciler.nextDeadline(), std::nullopt);
  EXPECT_THAT(names(reconciler.start(begin)), ElementsAre("open"));
  EXPECT_THAT(names(reconciler.bound(selfJid, begin)), ElementsAre("ask roster"));
  EXPECT_FALSE(reconciler.online());
  const auto roster = Roster::request();
  EXPECT_THAT(names(reconciler.rosterCame(&roster, begin)),
              ElementsAre("announce", "change roster", "subscribe", "online"));
  EXPECT_TRUE(reconciler.online());
}

TEST(Reconciler, destroysAnAttemptThatNeverEnds) {
  Reconciler reconciler(settings(), 1);
  reconciler.start(begin);
  EXPECT_EQ(reconciler.nextDeadline(), begin + 120s);
  EXPECT_THAT(reconciler.tick(begin + 119s), IsEmpty());
  EXPECT_THAT(names(reconciler.tick(begin + 120s)), ElementsAre("close timed-out"));
  EXPECT_LE(*reconciler.nextDeadline(), begin + 121s);
  EXPECT_THAT(names(reconciler.tick(*reconciler.nextDeadline())), ElementsAre("open"));
}

TEST(Reconciler, goesOnWithoutARosterThatDoesNotCome) {
  Reconciler reconciler(settings(), 1);
  reconciler.start(begin);
  reconciler.bound(selfJid, begin);
  EXPECT_EQ(reconciler.nextDeadline(), begin + 10s);
  EXPECT_THAT(names(reconciler.tick(begin + 10s)), ElementsAre("announce", "subscribe", "online"));
  const auto late = Roster::request();
  EXPECT_THAT(reconciler.rosterCame(&late, begin + 11s), IsEmpty());
}

TEST_F(ReconcilerOnline, pingsASilentServerAndGivesItUpWhenItStaysSilent) {
  EXPECT_EQ(reconciler.nextDeadline(), begin + 20s);
  EXPECT_THAT(names(reconciler.tick(begin + 20s)), ElementsAre("ping"));
  EXPECT_EQ(reconciler.nextDeadline(), begin + 35s);
  const auto actions = reconciler.tick(begin + 35s);
  EXPECT_THAT(names(actions), ElementsAre("close timed-out"));
  EXPECT_THAT(std::get<Reconciler::Close>(actions[0]).why.cause, testing::HasSubstr("35 s"));
}

TEST_F(ReconcilerOnline, doesNotPingAServerThatSpeaks) {
  for (int i = 1; i < 10; ++i) {
    reconciler.heard(begin + i * 19s);
    EXPECT_THAT(reconciler.tick(begin + i * 19s + 1s), IsEmpty());
  }
}

TEST_F(ReconcilerOnline, takesAnyStanzaForASignOfLife) {
  EXPECT_THAT(names(reconciler.tick(begin + 20s)), ElementsAre("ping"));
  reconciler.heard(begin + 34s);
  EXPECT_THAT(reconciler.tick(begin + 53s), IsEmpty());
  EXPECT_THAT(names(reconciler.tick(begin + 54s)), ElementsAre("ping"));
}

TEST_F(ReconcilerOnline, asksForASignOfLifeWhenTheNetworkHasChangedAndDoesNotWaitLong) {
  EXPECT_THAT(names(reconciler.networkChanged(begin + 1s)), ElementsAre("ping"));
  EXPECT_EQ(reconciler.nextDeadline(), begin + 4s);
  EXPECT_THAT(names(reconciler.networkChanged(begin + 2s)), ElementsAre("ping"));
  EXPECT_EQ(reconciler.nextDeadline(), begin + 4s);  // changes one after the other do not put it off
  EXPECT_THAT(names(reconciler.tick(begin + 4s)), ElementsAre("close timed-out"));
}

TEST_F(ReconcilerOnline, comesBackQuicklyFromEachNewNetwork) {
  auto now = begin;
  for (int i = 0; i < 20; ++i) {
    reconciler.networkChanged(now += 1s);
    reconciler.tick(now += 3s);
    EXPECT_LE(*reconciler.nextDeadline(), now + 1s) << i;
    reconciler.tick(now += 1s);
    reconciler.bound(selfJid, now);
    reconciler.rosterCame(nullptr, now);
  }
}

TEST_F(ReconcilerOnline, goesOnWhenTheServerIsThereAfterAChangeOfTheNetwork) {
  reconciler.networkChanged(begin + 1s);
  reconciler.heard(begin + 2s);
  EXPECT_EQ(reconciler.nextDeadline(), begin + 22s);
}

TEST(Reconciler, waitsNoLongerWhenTheNetworkHasChanged) {
  Reconciler reconciler(settings(), 1);
  EXPECT_THAT(reconciler.networkChanged(begin), IsEmpty());
  reconciler.start(begin);
  EXPECT_THAT(reconciler.networkChanged(begin), IsEmpty());
  EXPECT_EQ(reconciler.nextDeadline(), begin + 15s);  // in place of 120
  reconciler.closed({run::Code::badCertificate, "no", ""}, begin);
  EXPECT_GE(*reconciler.nextDeadline(), begin + 30s);
  EXPECT_THAT(reconciler.networkChanged(begin), IsEmpty());
  EXPECT_LE(*reconciler.nextDeadline(), begin + 1s);
  EXPECT_THAT(names(reconciler.tick(begin + 1s)), ElementsAre("open"));
}

TEST_F(ReconcilerOnline, saysFarewellWhenItStops) {
  EXPECT_THAT(names(reconciler.stop()), ElementsAre("unavailable", "leave"));
  EXPECT_EQ(reconciler.nextDeadline(), std::nullopt);
  EXPECT_THAT(reconciler.tick(begin + 1h), IsEmpty());
  EXPECT_THAT(reconciler.closed(lostConnection, begin), IsEmpty());
  EXPECT_THAT(reconciler.stop(), IsEmpty());
}

TEST_F(ReconcilerOnline, carriesOutWhatTheRosterStillWants) {
  const auto asks = Element("presence", std::string(ns::client)).set("from", ownerJid.text()).set("type", "subscribe");
  EXPECT_THAT(names(reconciler.askedToSubscribe(asks, begin)), ElementsAre("subscribed", "subscribe"));
  EXPECT_THAT(names(reconciler.askedToSubscribe(asks, begin)), ElementsAre("subscribed"));
  EXPECT_EQ(reconciler.nextDeadline(), begin + 5s);
  EXPECT_THAT(names(reconciler.tick(begin + 5s)), ElementsAre("subscribe"));
  EXPECT_EQ(reconciler.nextDeadline(), begin + 20s);
}

TEST(Reconciler, doesNotSubscribeToItsOwnAccount) {
  auto own = settings();
  own.contacts = {selfJid.bare()};
  Reconciler reconciler(own, 1);
  reconciler.start(begin);
  reconciler.bound(selfJid, begin);
  const auto roster = Roster::request();
  EXPECT_THAT(names(reconciler.rosterCame(&roster, begin)), ElementsAre("announce", "online"));
}

Reconciler::Duration waitAfter(const Reconciler::Actions& actions) {
  return std::get<Reconciler::Close>(actions.at(0)).retryIn;
}

TEST(Reconciler, startsFromTheShortestWaitAfterASessionThatLasted) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    Reconciler reconciler(settings(), seed);
    auto now = begin;
    reconciler.start(now);
    const auto session = [&](Reconciler::Duration length) {
      reconciler.bound(selfJid, now);
      reconciler.rosterCame(nullptr, now);
      now += length;
      const auto wait = waitAfter(reconciler.closed(lostConnection, now));
      now = *reconciler.nextDeadline();
      reconciler.tick(now);
      return wait;
    };
    Reconciler::Duration longest{};
    for (int i = 0; i < 8; ++i) longest = std::max(longest, session(9s));
    EXPECT_GT(longest, 2s);
    EXPECT_LE(session(10s), 1s);
  }
}

TEST(Reconciler, isSlowWhereSomebodyHasToChangeSomethingFirst) {
  for (const auto code : {run::Code::notAuthenticated, run::Code::badCertificate, run::Code::refused}) {
    Reconciler reconciler(settings(), 1);
    reconciler.start(begin);
    EXPECT_GE(waitAfter(reconciler.closed({code, "no", ""}, begin)), 30s);
  }
}

// ---- Whatever happens. ----

// Carries out what a reconciler says as a stream would, and holds it to its promises.
class Witness {
 public:
  explicit Witness(unsigned seed) : random_(seed), reconciler_(settings(), seed) { take(reconciler_.start(now_)); }

  void randomEvent() {
    now_ += 1ms * pick(pick(4) == 0 ? 60'000 : 3'000);
    const auto roster = pick(2) ? rosterWith(pick(2) ? "both" : "none") : rosterWith("to");
    const auto asks =
        Element("presence", std::string(ns::client)).set("type", "subscribe").set("from", pick(2) ? "owner@x" : "y@y");
    switch (pick(11)) {
      case 0:
      case 1:
        return take(reconciler_.bound(selfJid, now_));
      case 2:
        return take(reconciler_.closed(lostConnection, now_));
      case 3:
        return take(reconciler_.rosterCame(pick(3) ? &roster : nullptr, now_));
      case 4:
        return take(reconciler_.rosterChanged(roster, now_));
      case 5:
        return take(reconciler_.askedToSubscribe(asks, now_));
      case 6:
        return reconciler_.heard(now_);
      case 7:
        return take(reconciler_.presenceCame(ownerJid, now_));
      case 8:
        return take(reconciler_.networkChanged(now_));
      default:
        return take(reconciler_.tick(now_));
    }
  }

  // Nothing but time passes.
  bool reachesANewAttempt() {
    const int before = attempts_;
    const auto end = now_ + 120s + 60s + 60s;  // an attempt, a wait, and what is due of a stream
    while (attempts_ == before && now_ <= end) {
      now_ = std::max(now_, reconciler_.nextDeadline().value());
      take(reconciler_.tick(now_));
    }
    return attempts_ > before;
  }

 private:
  int pick(int count) { return std::uniform_int_distribution<>(0, count - 1)(random_); }

  void take(const Reconciler::Actions& actions) {
    for (const auto& action : actions) {
      const auto what = name(action);
      if (what == "open") {
        ASSERT_FALSE(alive_) << "a second stream";
        alive_ = true;
        announced_ = 0;
        ++attempts_;
      } else {
        ASSERT_TRUE(alive_) << what << " to a dead stream";
      }
      if (what == "announce") {
        ASSERT_EQ(++announced_, 1);
      }
      if (what == "online") {
        ASSERT_EQ(announced_, 1);
      }
      if (what == "ping" || what == "subscribe" || what == "change roster") {
        ASSERT_EQ(announced_, 1);
      }
      if (std::holds_alternative<Reconciler::Close>(action)) alive_ = false;
    }
    ASSERT_TRUE(reconciler_.nextDeadline());
    ASSERT_LE(*reconciler_.nextDeadline(), now_ + 120s);
    if (reconciler_.online()) {
      ASSERT_EQ(announced_, 1);
    }
  }

  std::mt19937 random_;
  Reconciler::TimePoint now_ = begin;
  Reconciler reconciler_;
  bool alive_ = false;
  int announced_ = 0, attempts_ = 0;
};

TEST(Reconciler, cannotEndInAStuckState) {
  for (unsigned seed = 0; seed < 5000; ++seed) {
    Witness witness(seed);
    for (unsigned events = seed % 60; events > 0; --events) witness.randomEvent();
    ASSERT_TRUE(witness.reachesANewAttempt()) << "seed " << seed;
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST_F(ReconcilerOnline, changesItsContactsOnTheStreamThatIsThere) {
  EXPECT_THAT(names(reconciler.setContacts({*Jid::parse("new@x"), selfJid.bare()}, begin)),
              ElementsAre("change roster", "change roster", "subscribed", "subscribe"));
}

TEST(Reconciler, hasTheContactsThatWereSetBeforeItsRosterCame) {
  Reconciler reconciler(settings(), 1);
  reconciler.start(begin);
  reconciler.bound(selfJid, begin);
  EXPECT_THAT(names(reconciler.setContacts({}, begin)), IsEmpty());
  const auto roster = Roster::request();
  EXPECT_THAT(names(reconciler.rosterCame(&roster, begin)), ElementsAre("announce", "online"));
}

}  // namespace
}  // namespace beckon::xmpp
