#include "policy/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace beckon::policy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class ViewTest : public testing::Test {
 protected:
  static std::shared_ptr<const Policy> parse(const std::string& toml) {
    return Policy::parse(toml, "policy.toml").value();
  }
  static std::string rule(const std::string& name, const std::string& more) {
    return "[[rule]]\nname = '" + name + "'\n" + more + "\n";
  }
  View view(const std::string& toml, Caller caller = {"a@x", {}, Door::iq}) {
    return {parse(toml), std::move(caller), rates, clock};
  }
  static Act call(std::string_view member, std::size_t payload = 0) { return {Verb::call, "S", member, payload}; }

  std::chrono::steady_clock::time_point steady{1h};
  std::chrono::system_clock::time_point wall = std::chrono::system_clock::from_time_t(1'795'003'200);
  Clock clock{[this] { return steady; }, [this] { return wall; }};
  std::shared_ptr<Rates> rates = std::make_shared<Rates>();
};

TEST_F(ViewTest, refusesWhatNoRuleGrants) {
  auto some = view(rule("r", "who = 'a@x'\nmay = 'get'\non = 'S.p'"));
  EXPECT_TRUE(some.decide({Verb::get, "S", "p"}));
  for (const auto& [service, member] : {std::pair("S", "q"), {"T", "p"}, {"S", ""}, {"", ""}, {"", "p"}, {"s", "p"}})
    for (const auto verb : {Verb::call, Verb::post, Verb::get, Verb::set, Verb::watch, Verb::provide}) {
      const auto decision = some.decide({verb, service, member});
      EXPECT_FALSE(decision) << service << "." << member;
      EXPECT_EQ(decision.refusal, Refusal::notGranted);
      EXPECT_FALSE(decision.isVisible);
      EXPECT_EQ(decision.rule, nullptr);
    }
  // That it is there is known, so it may be told what is refused.
  const auto set = some.decide({Verb::set, "S", "p"});
  EXPECT_FALSE(set);
  EXPECT_TRUE(set.isVisible);
  EXPECT_EQ(toError({Verb::set, "S", "p"}, set).code, run::Code::refused);
}

TEST_F(ViewTest, isEmptyForWhomNoRuleIsFor) {
  const auto toml =
      rule("r", "who = 'b@x'\nmay = '*'\non = '*'") + rule("l", "who = 'a@x'\nmay = '*'\non = '*'\ndoor = 'lan'");
  auto nobody = view(toml);
  EXPECT_TRUE(nobody.isEmpty());
  EXPECT_FALSE(nobody.decide({Verb::list, "", ""}));
  EXPECT_FALSE(view(toml, {"a@x", {}, Door::lan}).isEmpty());
}

TEST_F(ViewTest, carvesOutOfOneRuleWhatItExcepts) {
  auto but = view(rule("r", "who = 'a@x'\nmay = 'call'\non = '*'\nexcept = ['S.danger*', 'T']"));
  EXPECT_TRUE(but.decide(call("safe")));
  EXPECT_FALSE(but.decide(call("dangerous")));
  EXPECT_FALSE(but.decide(call("danger::(s)")));
  EXPECT_FALSE(but.decide({Verb::call, "T", "any"}));
  EXPECT_EQ(but.visibility("T"), Visibility::no);
  auto again = view(rule("r", "who = 'a@x'\nmay = 'call'\non = '*'\nexcept = 'S.danger'") +
                    rule("s", "who = 'a@x'\nmay = 'call'\non = 'S.danger'"));
  EXPECT_EQ(again.decide(call("danger")).ruleName(), "s");  // another rule may grant it
}

TEST_F(ViewTest, asksWhatADoorIsTrustedFor) {
  const auto toml = rule("any", "who = 'a@x'\nmay = 'call'\non = 'S.any'") +
                    rule("lan", "who = 'a@x'\nmay = 'call'\non = 'S.lan'\ndoor = 'lan'") +
                    rule("link", "who = 'a@x'\nmay = 'call'\non = 'S.link'\ndoor = 'link'");
  const auto may = [&](Door door, const char* member) { return view(toml, {"a@x", {}, door}).decide(call(member)); };
  EXPECT_TRUE(may(Door::iq, "any") && may(Door::lan, "any") && may(Door::link, "any"));
  EXPECT_TRUE(!may(Door::iq, "lan") && may(Door::lan, "lan") && may(Door::link, "lan"));
  EXPECT_TRUE(!may(Door::iq, "link") && !may(Door::lan, "link") && may(Door::link, "link"));
  const auto refused = may(Door::iq, "lan");
  EXPECT_EQ(refused.refusal, Refusal::door);
  EXPECT_FALSE(refused.isVisible);  // a door shows nothing that another one has
}

TEST_F(ViewTest, takesTheRolesOfTheFileAndOfTheCredential) {
  const auto toml =
      "[roles]\noperator = ['a@x', 'token:t']\n" + rule("r", "who = 'role:operator'\nmay = 'call'\non = 'S'");
  EXPECT_TRUE(view(toml).decide(call("m")));
  EXPECT_TRUE(view(toml, {"token:t", {}, Door::lan}).decide(call("m")));
  EXPECT_FALSE(view(toml, {"token:u", {}, Door::lan}).decide(call("m")));
  EXPECT_TRUE(view(toml, {"token:u", {"operator"}, Door::lan}).decide(call("m")));
  EXPECT_FALSE(view(toml, {"role:operator", {"guest"}, Door::lan}).decide(call("m")));
}

TEST_F(ViewTest, closesWithItsTimes) {
  // The clock's hour of the day is not the same in each zone: windows of the hour that is, and of the next one.
  const auto now = localTime(wall).value();
  const auto hour = [](int minute) {
    const std::string text = std::to_string(100 + minute / 60 % 24).substr(1);
    return text + ":00";
  };
  const auto window = hour(now.minute) + "-" + hour(now.minute + 120);
  auto timed = view(rule("r", "who = 'a@x'\nmay = 'call'\non = 'S'\ntimes = '" + window + "'"));
  EXPECT_TRUE(timed.decide(call("m")));
  wall += 3h;
  const auto late = timed.decide(call("m"));
  EXPECT_EQ(late.refusal, Refusal::time);
  EXPECT_EQ(late.ruleName(), "r");
  EXPECT_TRUE(late.isVisible);
  EXPECT_EQ(toError(call("m"), late).code, run::Code::notNow);
  wall += 21h;
  EXPECT_TRUE(timed.decide(call("m")));
  wall = {};
  EXPECT_EQ(timed.decide(call("m")).refusal, Refusal::time);
  EXPECT_THAT(timed.explain(call("m"), timed.decide(call("m"))), HasSubstr("the robot's clock is not set"));
}

TEST_F(ViewTest, limitsPayloadAndRate) {
  auto limited = view(rule("r", "who = 'a@x'\nmay = 'call'\non = 'S'\npayload = '100 B'\nrate = '2/s'"));
  EXPECT_TRUE(limited.decide(call("m", 100)));
  const auto large = limited.decide(call("m", 101));
  EXPECT_EQ(large.refusal, Refusal::payload);
  EXPECT_EQ(toError(call("m", 101), large).code, run::Code::tooLarge);
  EXPECT_TRUE(limited.decide(call("n", 1)));  // a rate is of the rule, not of a member; what was too large used none up
  const auto often = limited.decide(call("m"));
  EXPECT_EQ(often.refusal, Refusal::rate);
  EXPECT_TRUE(often.isVisible);
  EXPECT_EQ(toError(call("m"), often).code, run::Code::overloaded);
  auto repeat = call("m");
  repeat.isRepeat = true;
  EXPECT_TRUE(limited.decide(repeat));
  steady += 500ms;
  EXPECT_TRUE(limited.decide(call("m")));
  EXPECT_FALSE(limited.decide(call("m")));
}

TEST_F(ViewTest, letsTheFirstRuleDecideWhoseConditionsHold) {
  auto two = view(rule("small", "who = 'a@x'\nmay = 'call'\non = 'S'\npayload = '10 B'") +
                  rule("slow", "who = 'a@x'\nmay = 'call'\non = 'S'\nrate = '1/h'"));
  EXPECT_EQ(two.decide(call("m", 5)).ruleName(), "small");
  EXPECT_EQ(two.decide(call("m", 50)).ruleName(), "slow");
  const auto none = two.decide(call("m", 50));
  EXPECT_EQ(none.ruleName(), "small");  // the condition of the first is named
  EXPECT_EQ(none.refusal, Refusal::payload);
}

TEST_F(ViewTest, showsOfAServiceWhatHasAVerbThatFits) {
  auto some =
      view(rule("r", "who = 'a@x'\nmay = 'get'\non = 'S'") + rule("w", "who = 'a@x'\nmay = 'watch'\non = 'S.fired'"));
  EXPECT_TRUE(some.isVisible("S", "volume", Kind::property));
  EXPECT_FALSE(some.isVisible("S", "say", Kind::method));
  EXPECT_FALSE(some.isVisible("S", "spoken", Kind::signal));
  EXPECT_TRUE(some.isVisible("S", "fired", Kind::signal));
  EXPECT_EQ(some.visibility("S"), Visibility::ifAMemberIs);
  EXPECT_EQ(some.visibility("T"), Visibility::no);
  auto all = view(rule("r", "who = 'a@x'\nmay = '*'\non = 'S'"));
  EXPECT_EQ(all.visibility("S"), Visibility::yes);
  EXPECT_FALSE(all.isVisible("S", "", Kind::method));  // no member has no name
  EXPECT_FALSE(all.decide({Verb::call, "S", "::(s)"}));
}

TEST_F(ViewTest, grantsNobodyWhatIsTheRobotsOwn) {
  auto all = view(rule("r", "who = 'a@x'\nmay = ['*', 'register']\non = '*'"));
  EXPECT_TRUE(all.decide({Verb::call, "ServiceDirectory", "services"}));
  for (const auto& [service, member] : {std::pair("S", "_secret"),
                                        {"_S", "m"},
                                        {"OtherRobots", "invoke"},
                                        {"ServiceDirectory", "registerService"},
                                        {"ServiceDirectory", "unregisterService"},
                                        {"ServiceDirectory", "serviceReady"},
                                        {"ServiceDirectory", "updateServiceInfo"},
                                        {"ServiceDirectory", "registerService::((s))"}})
    EXPECT_FALSE(all.decide({Verb::call, service, member})) << service << "." << member;
  EXPECT_EQ(all.visibility("_S"), Visibility::no);
  EXPECT_TRUE(all.decide({Verb::provide, "Lamp", ""}));
  EXPECT_FALSE(all.decide({Verb::provide, "_Lamp", ""}));
  EXPECT_FALSE(view(rule("r", "who = 'a@x'\nmay = '*'\non = '*'")).decide({Verb::provide, "Lamp", ""}));
}

TEST_F(ViewTest, explainsWithRuleAndReason) {
  auto some = view(rule("talk", "who = 'a@x'\nmay = 'call'\non = 'S.say'") +
                   rule("drive", "who = 'a@x'\nmay = 'call'\non = 'M'\ndoor = 'link'"));
  const auto why = [&](const Act& act) { return some.explain(act, some.decide(act)); };
  EXPECT_EQ(why(call("say")), "a@x call S.say by iq: rule \"talk\" grants it");
  EXPECT_EQ(why(call("sing")), "a@x call S.sing by iq: no rule grants it");
  EXPECT_EQ(why({Verb::call, "M", "go"}), "a@x call M.go by iq: rule \"drive\" grants it at the door link only");
  EXPECT_EQ(why(call("_x")), "a@x call S._x by iq: no rule can grant it, it is the robot's own");
}

TEST_F(ViewTest, staysSmallAndRightWhateverNamesAreAskedFor) {
  auto all = view(rule("r", "who = 'a@x'\nmay = 'call'\non = 'S*.m*'"));
  for (int i = 0; i < 10'000; ++i) {
    const auto name = "m" + std::to_string(i);
    EXPECT_TRUE(all.decide({Verb::call, "S", name}));
    EXPECT_FALSE(all.decide({Verb::call, name, "S"}));
  }
  EXPECT_FALSE(all.decide({Verb::call, "S", "m" + std::string(100'000, 'x')}));
  EXPECT_FALSE(all.decide({Verb::call, std::string(100'000, 'S'), "m"}));
  EXPECT_FALSE(all.decide({Verb::call, "S", std::string_view("\0m", 2)}));
}

// Random policies: the cached and indexed view says what the plain reading of the rules says.
TEST_F(ViewTest, agreesWithThePlainReadingOfRandomRulesAndIsNobodyElsesBusiness) {
  const auto seed = std::random_device()();
  std::mt19937 random(seed);
  const auto oneOf = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  const std::vector<std::string> principals{"a@x", "b@x", "c@y", "token:t"}, services{"S", "SS", "a.b"},
      members{"m", "mm", "n"};
  const std::vector<std::string> who{"a@x", "b@x", "*@x", "c@*", "token:*", "*", "role:r"};
  const std::vector<std::string> on{"*", "S", "S*", "S.m", "S.m*", "*.n", "a.b.*", "a.b.m", "*S.mm"};
  const auto randomRule = [&](const std::string& name, const std::string& whom) {
    return rule(name, "who = '" + whom + "'\nmay = '" + oneOf({"*", "call", "get", "watch"}) + "'\non = ['" +
                          oneOf(on) + "', '" + oneOf(on) + "']" +
                          (random() % 2 ? "\nexcept = '" + oneOf(on) + "'" : "") +
                          (random() % 4 ? "" : "\ndoor = 'lan'"));
  };
  using Set = std::vector<bool>;
  const auto grantedTo = [&](const std::shared_ptr<const Policy>& policy, const std::string& principal) {
    Set out;
    View fast(policy, {principal, {}, Door::iq}, rates, clock);
    for (const auto& service : services)
      for (const auto& member : members)
        for (const auto verb : everyVerb) {
          if (verb == Verb::list || verb == Verb::provide) continue;
          const bool plainly = std::ranges::any_of(policy->rules(), [&](const Rule& each) {
            const auto about = [&](const MemberPattern& pattern) { return pattern.matches(service, member); };
            return each.door == Door::iq && each.may.has(verb) && policy->isFor(each, principal, {}) &&
                   std::ranges::any_of(each.on, about) && std::ranges::none_of(each.except, about);
          });
          out.push_back(fast.decide({verb, service, member}).isAllowed);
          EXPECT_EQ(out.back(), plainly) << principal << " " << text(verb) << " " << service << "." << member
                                         << " seed " << seed;
          EXPECT_EQ(fast.granted(service, member).has(verb), plainly) << "seed " << seed;
        }
    return out;
  };
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    std::string toml = "[roles]\nr = ['b@x', 'token:t']\n";
    for (unsigned i = 0, count = 1 + random() % 5; i < count; ++i)
      toml += randomRule("r" + std::to_string(i), oneOf(who));
    // A rule more for one changes nothing for the others.
    const auto larger = toml + randomRule("more", "a@x");
    const auto before = parse(toml), after = parse(larger);
    for (const auto& principal : principals) {
      const auto had = grantedTo(before, principal), has = grantedTo(after, principal);
      if (principal != "a@x") {
        EXPECT_EQ(had, has) << principal << " seed " << seed << "\n" << larger;
      }
      for (std::size_t i = 0; i < had.size(); ++i) EXPECT_LE(had[i], has[i]) << "rules only grant; seed " << seed;
    }
  }
}

}  // namespace
}  // namespace beckon::policy
