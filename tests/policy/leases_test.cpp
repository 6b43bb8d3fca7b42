#include "policy/leases.hpp"

#include "policy/authority.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

using namespace std::chrono_literals;
using run::Code;

const std::string driving = R"(
[leases.drive]
on = ["Motion", "Navigation.goTo"]
stop = ["Motion.stop"]
)";

std::string rule(const std::string& name, const std::string& who, const std::string& may, const std::string& on) {
  return "[[rule]]\nname = '" + name + "'\nwho = '" + who + "'\nmay = " + may + "\non = " + on + "\n";
}
std::shared_ptr<const Policy> policyOf(const std::string& toml) { return Policy::parse(toml, "p").value(); }

Leases::Owner owner(const std::string& principal, const std::string& session) {
  return {{principal, {}, Door::iq}, session};
}

class LeasesTest : public testing::Test {
 protected:
  LeasesTest() {
    const auto note = [this](const std::string& what) {
      return [this, what](const Lease&, const Leases::Owner& who) { log.push_back(what + " " + who.session); };
    };
    leases.listen({.taken = note("taken"),
                   .kept = {},
                   .ended =
                       [this](const Lease&, const Leases::Owner& who, Leases::End why) {
                         log.push_back("ended " + who.session);
                         ends.push_back(why);
                       },
                   .freed = [this](const Lease&) { log.emplace_back("freed"); },
                   .asked = [this](const Lease&, const Leases::Owner&,
                                   const Leases::Owner& who) { log.push_back("asked " + who.session); }});
    define(driving);
    leases.watched(std::nullopt, now);
  }
  void define(const std::string& toml, bool mayTake = true) {
    leases.define(policyOf(toml)->leases(), [=](const Leases::Owner&, const std::string&) { return mayTake; });
  }
  bool holds(const Leases::Owner& who) const { return leases.holds("drive", who.caller, who.session, now); }
  std::optional<Code> codeOf(const run::Result<>& result) const {
    return result ? std::nullopt : std::optional(result.error().code);
  }

  Leases leases;
  Leases::Time now{1h};
  const Leases::Owner alice = owner("alice@x", "alice@x/phone"), bob = owner("bob@x", "bob@x/laptop");
  std::vector<std::string> log;
  std::vector<Leases::End> ends;
};

TEST_F(LeasesTest, oneSessionHasALeaseAndNoOtherOfTheSamePrincipal) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  EXPECT_TRUE(holds(alice));
  const auto tablet = owner("alice@x", "alice@x/tablet");
  EXPECT_FALSE(holds(tablet));
  EXPECT_EQ(codeOf(leases.take(tablet, "drive", now)), Code::leaseHeld);
  EXPECT_EQ(codeOf(leases.keep(tablet, "drive", now)), Code::leaseNeeded);
  EXPECT_EQ(codeOf(leases.give(tablet, "drive", "", now)), Code::leaseNeeded);
  EXPECT_TRUE(leases.take(alice, "drive", now));  // a repeat is a heartbeat
  EXPECT_EQ(codeOf(leases.take(alice, "fly", now)), Code::unknownMember);
}

TEST_F(LeasesTest, isUsedByOtherSessionsOfThePrincipalOnlyWhenItIsShared) {
  const auto tablet = owner("alice@x", "alice@x/tablet");
  ASSERT_TRUE(leases.take(alice, "drive", now));
  EXPECT_EQ(codeOf(leases.share(tablet, "drive", now)), Code::leaseNeeded);
  ASSERT_TRUE(leases.share(alice, "drive", now));
  EXPECT_TRUE(holds(tablet));
  EXPECT_FALSE(holds(bob));
  EXPECT_EQ(codeOf(leases.keep(tablet, "drive", now)), Code::leaseNeeded);  // one alone keeps it
  ASSERT_TRUE(leases.give(alice, "drive", "", now));
  leases.stopped("drive", now);
  ASSERT_TRUE(leases.take(alice, "drive", now));
  EXPECT_FALSE(holds(tablet));
}

TEST_F(LeasesTest, lapsesAfterTheLastHeartbeatThatCame) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  now += 1900ms;
  ASSERT_TRUE(leases.keep(alice, "drive", now));
  EXPECT_EQ(leases.next(), now + 2s);
  now += 1999ms;
  leases.expire(now);
  EXPECT_TRUE(holds(alice));
  now += 1ms;
  EXPECT_FALSE(holds(alice));  // before anybody has looked
  EXPECT_EQ(codeOf(leases.keep(alice, "drive", now)), Code::leaseNeeded);
  EXPECT_EQ(ends, std::vector{Leases::End::lapsed});
  EXPECT_EQ(leases.next(), std::nullopt);
}

TEST_F(LeasesTest, expiresHoweverOftenItIsKept) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  const auto begun = now;
  while (now < begun + 10min) {
    ASSERT_TRUE(leases.keep(alice, "drive", now));
    now += 1s;
  }
  EXPECT_EQ(codeOf(leases.keep(alice, "drive", now)), Code::leaseNeeded);
  EXPECT_EQ(ends, std::vector{Leases::End::expired});
}

TEST_F(LeasesTest, isFreeOnlyWhenTheRobotRests) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  ASSERT_TRUE(leases.give(alice, "drive", "", now));
  EXPECT_EQ(codeOf(leases.take(bob, "drive", now)), Code::leaseHeld);
  leases.stopped("drive", now);
  EXPECT_TRUE(leases.take(bob, "drive", now));
  EXPECT_EQ(log,
            (std::vector<std::string>{"taken alice@x/phone", "ended alice@x/phone", "freed", "taken bob@x/laptop"}));
}

TEST_F(LeasesTest, goesToWhoAskedByHandOverWithoutAStop) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  EXPECT_EQ(codeOf(leases.give(alice, "drive", "bob@x", now)), Code::badArguments);  // has not asked
  ASSERT_TRUE(leases.ask(bob, "drive", now));
  ASSERT_TRUE(leases.ask(bob, "drive", now));
  ASSERT_TRUE(leases.give(alice, "drive", "bob@x", now));
  EXPECT_TRUE(holds(bob));
  EXPECT_FALSE(holds(alice));
  EXPECT_EQ(log, (std::vector<std::string>{"taken alice@x/phone", "asked bob@x/laptop", "ended alice@x/phone",
                                           "taken bob@x/laptop"}));
  EXPECT_EQ(ends, std::vector{Leases::End::handedOver});
}

TEST_F(LeasesTest, goesToWhoAsksStillWhenItLapses) {
  const auto carol = owner("carol@x", "carol@x/desk");
  ASSERT_TRUE(leases.take(alice, "drive", now));
  ASSERT_TRUE(leases.ask(carol, "drive", now));
  now += 1s;
  ASSERT_TRUE(leases.ask(bob, "drive", now));
  now += 1s;
  leases.expire(now);
  EXPECT_FALSE(holds(bob));  // the robot moves still
  leases.stopped("drive", now);
  EXPECT_TRUE(holds(bob));
  EXPECT_FALSE(holds(carol));                  // has not asked again
  ASSERT_TRUE(leases.ask(bob, "drive", now));  // who goes on asking keeps it
  now += 1900ms;
  EXPECT_TRUE(holds(bob));
}

TEST_F(LeasesTest, endsWithItsSession) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  ASSERT_TRUE(leases.ask(bob, "drive", now));
  leases.leave(bob.session, now);
  leases.leave(alice.session, now);
  leases.stopped("drive", now);
  EXPECT_EQ(ends, std::vector{Leases::End::left});
  EXPECT_EQ(log.back(), "freed");
}

TEST_F(LeasesTest, cannotBeTakenWhileNobodyWouldStopTheRobot) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  leases.watched(run::Error{Code::unreachable, "the watchdog is away", {}}, now);
  EXPECT_EQ(ends, std::vector{Leases::End::watchdog});
  EXPECT_FALSE(holds(alice));
  leases.stopped("drive", now);
  EXPECT_EQ(codeOf(leases.take(alice, "drive", now)), Code::unreachable);
  ASSERT_EQ(codeOf(leases.ask(bob, "drive", now)), Code::unreachable);
  leases.watched(std::nullopt, now);
  EXPECT_TRUE(leases.take(alice, "drive", now));
}

TEST_F(LeasesTest, endsWhenTheWatchdogHasStoppedTheRobotByItself) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  leases.stopped("drive", now);  // of an end before
  EXPECT_TRUE(holds(alice));
  leases.intervened("drive");
  EXPECT_FALSE(holds(alice));
  EXPECT_EQ(ends, std::vector{Leases::End::watchdog});
  leases.stopped("drive", now);
  EXPECT_EQ(log.back(), "freed");
}

TEST_F(LeasesTest, underAnotherNameIsFreeOnlyWhenTheRobotRests) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  auto renamed = policyOf(driving)->leases();
  renamed.front().name = "wheels";
  const auto everybody = [](const Leases::Owner&, const std::string&) { return true; };
  leases.define(renamed, everybody);
  EXPECT_EQ(leases.take(bob, "wheels", now).error().code, Code::leaseHeld);
  EXPECT_EQ(leases.standing("wheels", now)->state, Leases::State::ending);
  EXPECT_TRUE(leases.ask(bob, "wheels", now));
  leases.stopped("drive", now);
  EXPECT_TRUE(leases.holds("wheels", bob.caller, bob.session, now));
}

TEST_F(LeasesTest, isNotAskedForByOnePrincipalInTheNameOfAll) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  for (std::size_t i = 0; i < Leases::mostAskingOfOne; ++i)
    EXPECT_TRUE(leases.ask(owner("bob", "b" + std::to_string(i)), "drive", now));
  EXPECT_EQ(leases.ask(owner("bob", "one more"), "drive", now).error().code, Code::overloaded);
  EXPECT_TRUE(leases.ask(owner("carol", "c"), "drive", now));
  EXPECT_TRUE(leases.concerns("c"));
  EXPECT_TRUE(leases.concerns(alice.session));
  EXPECT_FALSE(leases.concerns("one more"));
}

TEST_F(LeasesTest, staysOverAChangeOfThePolicyThatLeavesItAsItWas) {
  ASSERT_TRUE(leases.take(alice, "drive", now));
  define(driving + "[leases.arm]\non = 'Arm'\nstop = 'Arm.rest'\n");
  EXPECT_TRUE(holds(alice));
  define(driving, false);
  EXPECT_EQ(ends, std::vector{Leases::End::policy});
  leases.stopped("drive", now);
  ASSERT_TRUE(leases.take(alice, "drive", now));
  define("[leases.drive]\non = 'Motion'\nstop = 'Motion.halt'\n");
  EXPECT_FALSE(holds(alice));
  EXPECT_EQ(codeOf(leases.take(alice, "drive", now)), Code::leaseHeld);  // it is being stopped by the old name
}

TEST(LeasesInAPolicy, areHeldByTheSteadyClockHoweverTheDateJumps) {
  std::chrono::steady_clock::time_point steady{1h};
  std::chrono::system_clock::time_point wall{std::chrono::hours(500'000)};
  Authority authority(policyOf(driving + rule("drivers", "*@x", "'*'", "'Motion'")),
                      {[&] { return steady; }, [&] { return wall; }});
  auto& leases = authority.leases();
  leases.watched(std::nullopt, steady);
  const auto alice = owner("alice@x", "alice@x/phone");
  const auto view = authority.view(alice.caller);
  const Act go{Verb::call, "Motion", "moveTo", 0, false, alice.session};
  ASSERT_TRUE(leases.take(alice, "drive", authority.now()));
  for (const auto jump : {-400'000h, 800'000h, -500'000h}) {
    wall += jump;
    leases.expire(authority.now());
    EXPECT_TRUE(view->decide(go));
    steady += 600ms;
  }
  EXPECT_TRUE(view->decide(go));
  steady += 200ms;
  EXPECT_EQ(view->decide(go).refusal, Refusal::lease);
}

TEST(LeasesInAPolicy, areNeededToMoveAndNotToLook) {
  Authority authority(policyOf(driving + rule("drivers", "*@x", "'*'", "'*'") +
                               rule("guests", "g@y", "'get'", "'Motion'") +
                               rule("others", "o@y", "'*'", "['Mot*', 'Speech']") + "except = 'Motion'\n"));
  auto& leases = authority.leases();
  leases.watched(std::nullopt, authority.now());
  const auto alice = owner("alice@x", "alice@x/phone"), bob = owner("bob@x", "bob@x/laptop");
  const auto view = authority.view(alice.caller);
  const auto decide = [&](Verb verb, const char* service, const char* member) {
    return view->decide({verb, service, member, 0, false, alice.session});
  };
  EXPECT_TRUE(decide(Verb::get, "Motion", "speed"));
  EXPECT_TRUE(decide(Verb::watch, "Motion", "moved"));
  EXPECT_TRUE(decide(Verb::call, "Speech", "say"));
  EXPECT_TRUE(decide(Verb::call, "Navigation", "stop"));
  for (const auto verb : {Verb::call, Verb::post, Verb::set}) {
    const auto refused = decide(verb, "Motion", "moveTo::(fff)");
    EXPECT_EQ(refused.refusal, Refusal::lease);
    EXPECT_TRUE(refused.isVisible);
  }
  ASSERT_TRUE(leases.take(bob, "drive", authority.now()));
  const Act go{Verb::call, "Navigation", "goTo", 0, false, alice.session};
  const auto error = toError(go, view->decide(go));
  EXPECT_EQ(error.code, Code::leaseNeeded);
  EXPECT_EQ(error.cause, "Navigation.goTo takes the control lease \"drive\", which bob@x has");
  EXPECT_TRUE(authority.view(bob.caller)->decide({Verb::call, "Motion", "moveTo", 0, false, bob.session}));
  EXPECT_FALSE(authority.view(bob.caller)->decide({Verb::call, "Motion", "moveTo", 0, false, "bob@x/another"}));

  EXPECT_TRUE(view->mayTake("drive"));
  EXPECT_TRUE(decide(Verb::call, "Control", "take"));
  EXPECT_TRUE(decide(Verb::watch, "Control", "asked"));
  EXPECT_FALSE(decide(Verb::set, "Control", "take"));
  for (const auto* other : {"g@y", "o@y", "nobody@z"}) {
    const auto theirs = authority.view({other, {}, Door::iq});
    EXPECT_FALSE(theirs->mayTake("drive")) << other;
    EXPECT_EQ(theirs->visibility("Control"), Visibility::no) << other;
    EXPECT_FALSE(theirs->decide({Verb::call, "Control", "take"})) << other;
  }
  // A robot without leases may have a service of that name.
  authority.replace(policyOf(rule("drivers", "*@x", "'*'", "'*'")));
  EXPECT_TRUE(authority.view(alice.caller)->decide({Verb::set, "Control", "level"}));
}

TEST(LeasesInAPolicy, areReadAndTheirFaultsToldWithTheirPlace) {
  const auto policy = policyOf(
      "[leases.drive]\non = ['Motion', 'Navigation.goTo']\nheartbeat = '200 ms'\nlapse = '1 s'\nlongest = '5 "
      "min'\nstop = ['Motion.stop', 'Arm.rest']\n");
  ASSERT_EQ(policy->leases().size(), 1U);
  const auto& lease = policy->leases().front();
  EXPECT_EQ(lease.heartbeat, 200ms);
  EXPECT_EQ(lease.lapse, 1s);
  EXPECT_EQ(lease.longest, 5min);
  EXPECT_EQ(lease.stop.at(1).written(), "Arm.rest");
  const auto fault = [](const std::string& toml) {
    const auto reading = Policy::read(toml);
    if (reading.faults.empty()) return std::string();
    const auto& first = reading.faults.front();
    return std::to_string(first.line) + ":" + std::to_string(first.column) + " " + first.cause;
  };
  const std::string head = "[leases.drive]\non = 'Motion'\n";
  EXPECT_EQ(fault(head), "1:9 the control lease has no \"stop\"");
  EXPECT_EQ(fault(head + "stop = 'Motion'\n"), "3:8 \"Motion\" is not one method of one service");
  EXPECT_EQ(fault(head + "stop = 'Motion.*'\n"), "3:8 \"Motion.*\" is not one method of one service");
  EXPECT_EQ(fault(head + "stop = 'Motion.stop'\nlapse = '500 ms'\n"),
            "4:9 \"lapse\" must be longer than \"heartbeat\"");
  EXPECT_EQ(fault(head + "stop = 'Motion.stop'\nlongest = '1 s'\n"),
            "4:11 \"longest\" must not be shorter than \"lapse\"");
  EXPECT_EQ(fault(head + "stop = 'Motion.stop'\nlapse = 2\n"), "4:9 \"lapse\" is not of the form it has to have");
  EXPECT_EQ(fault(head + "stop = 'Motion.stop'\nwho = 'me'\n"), "4:1 \"who\" is not a key that is known here");
  EXPECT_EQ(fault(head + "stop = 'Motion.stop'\n[leases.legs]\non = 'Mo*.walk'\nstop = 'Motion.stop'\n"),
            "5:6 \"legs\" covers members that \"drive\" covers, too");
}

TEST(GlobPairs, meetWhereSomeNameMatchesBoth) {
  const auto meet = [](const char* a, const char* b) {
    EXPECT_EQ(Glob(a).meets(Glob(b)), Glob(b).meets(Glob(a)));
    return Glob(a).meets(Glob(b));
  };
  EXPECT_TRUE(meet("Motion", "Motion"));
  EXPECT_TRUE(meet("Mo*", "*on"));
  EXPECT_TRUE(meet("*", "x"));
  EXPECT_TRUE(meet("a*b*c", "*bb*"));
  EXPECT_TRUE(meet("a*", "a"));
  EXPECT_FALSE(meet("Mo*", "Na*"));
  EXPECT_FALSE(meet("a*b", "a*c"));
  EXPECT_FALSE(meet("abc", "ab"));
  EXPECT_TRUE(Glob("Mo*").contains(Glob("Motion*")));
  EXPECT_FALSE(Glob("Motion*").contains(Glob("Mo*")));
}

}  // namespace
}  // namespace beckon::policy
