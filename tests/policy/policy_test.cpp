#include "policy/policy.hpp"

#include "policy/view.hpp"
#include "tests/support/places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace beckon::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "3:7 the cause" of each.
std::vector<std::string> told(const std::vector<Fault>& faults) {
  std::vector<std::string> out;
  for (const auto& fault : faults)
    out.push_back(std::to_string(fault.line) + ":" + std::to_string(fault.column) + " " + fault.cause);
  return out;
}
const std::string good = "[[rule]]\nname = 'r'\nwho = 'a@x'\nmay = 'call'\non = 'S'\n";

TEST(Policy, isReadWithAllThatARuleMaySay) {
  const auto reading = Policy::read(R"(
schema = 1
[roles]
operator = ["Alice@Example.org", "*@lab.example.org", "key:SHA256:*"]
guest = []

[[rule]]
name = "operators"
who = ["role:operator", "role:guest", "token:t"]
may = ["call", "get", "watch"]
on = ["Motion.move*", "Speech"]
except = "Speech._x"
door = "lan"
rate = "20/s"
payload = "1 MiB"
deadline = "5 s"
times = ["Mon-Fri 08:00-18:00", "Sat 10:00-12:00"]
audit = "arguments"
)");
  ASSERT_THAT(told(reading.faults), IsEmpty());
  EXPECT_THAT(reading.remarks, IsEmpty());
  const auto& rule = reading.policy->rules().at(0);
  EXPECT_EQ(rule.name, "operators");
  EXPECT_EQ(rule.may, Verbs(Verb::call, Verb::get, Verb::watch));
  EXPECT_EQ(rule.door, Door::lan);
  EXPECT_EQ(rule.limits.rate, (Rate{20, std::chrono::seconds(1)}));
  EXPECT_EQ(rule.limits.payload, 1024u * 1024);
  EXPECT_EQ(rule.limits.deadline, std::chrono::seconds(5));
  EXPECT_EQ(rule.limits.times.size(), 2u);
  EXPECT_TRUE(rule.limits.logsArguments);
  EXPECT_THAT(reading.policy->accounts(), ElementsAre("alice@example.org"));
  EXPECT_EQ(reading.policy->version().size(), 12u);
}

TEST(Policy, grantsNothingWithoutRules) {
  for (const auto& policy : {Policy::read("").policy, Policy::ofAccounts({}), std::make_shared<const Policy>()}) {
    ASSERT_TRUE(policy);
    EXPECT_TRUE(View(policy, {"a@x", {}, Door::link}, nullptr, Clock::real()).isEmpty());
  }
}

TEST(Policy, hasAVersionOfItsText) {
  EXPECT_EQ(Policy::read("").policy->version(), "e3b0c44298fc");  // SHA-256 of nothing
  EXPECT_NE(Policy::read(good).policy->version(), Policy::read(good + "\n").policy->version());
}

TEST(Policy, tellsEveryFaultWithItsPlaceAndIsThenNone) {
  const auto reading = Policy::read(R"(sheme = 1
[roles]
operator = ["a b@x", "role:guest"]
[[rule]]
name = "one"
who = ["role:nobody", 7]
may = ["fly"]
on = ["Motion."]
rate = "often"
[[rule]]
name = "one"
who = []
door = "iq"
payload = 5
lease = "arm"
times = "always"
audit = "all"
deadline = "0 s"
)");
  EXPECT_FALSE(reading.policy);
  EXPECT_THAT(
      told(reading.faults),
      ElementsAre(HasSubstr("1:1 \"sheme\" is not a key"), HasSubstr("3:13 \"a b@x\""),
                  HasSubstr("3:22 a role has no roles"), HasSubstr("6:8 there is no role \"nobody\""),
                  HasSubstr("6:23 \"who\" must be a text"), HasSubstr("7:8 \"fly\""), HasSubstr("8:7 \"Motion.\""),
                  HasSubstr("9:8 \"rate\""), HasSubstr("10:1 the rule has no \"may\""),
                  HasSubstr("10:1 the rule has no \"on\""), HasSubstr("11:8 there is another rule \"one\""),
                  HasSubstr("12:7 \"who\" names nobody"), HasSubstr("13:8 \"door\""), HasSubstr("14:11 \"payload\""),
                  HasSubstr("15:1 \"lease\" is not a key"), HasSubstr("16:9 \"always\""), HasSubstr("17:9 \"audit\""),
                  HasSubstr("18:12 \"deadline\"")));
  for (const auto& fault : reading.faults) EXPECT_FALSE(fault.nextStep.empty()) << fault.cause;
}

TEST(Policy, tellsWhereTomlIsBroken) {
  const auto reading = Policy::read(good + "x = ");
  ASSERT_EQ(reading.faults.size(), 1u);
  EXPECT_EQ(reading.faults[0].line, 6u);
  EXPECT_FALSE(reading.policy);
}

TEST(Policy, refusesWhatARuleCannotMean) {
  const auto fault = [](const std::string& rule) {
    const auto faults = told(Policy::read("[[rule]]\nname = 'r'\nwho = 'a@x'\n" + rule).faults);
    return faults.empty() ? "none" : faults[0];
  };
  EXPECT_THAT(fault("may = 'register'\non = 'Lamp.on'"),
              HasSubstr("5:6 \"list\" and \"register\" are about whole services"));
  EXPECT_THAT(fault("may = 'list'\non = 'Lamp.on'"), HasSubstr("5:6"));
  EXPECT_EQ(fault("may = ['*', 'register']\non = 'Lamp'"), "none");
  EXPECT_THAT(fault("may = '*'\non = []"), HasSubstr("5:6 \"on\" names nothing"));
  EXPECT_THAT(fault("may = 7\non = '*'"), HasSubstr("4:7"));
  EXPECT_THAT(told(Policy::read("rule = 7").faults), ElementsAre(HasSubstr("1:8 \"rule\" must be")));
  EXPECT_THAT(told(Policy::read("roles = 7").faults), ElementsAre(HasSubstr("1:9 \"roles\" must be")));
  EXPECT_THAT(told(Policy::read("schema = 2").faults), ElementsAre(HasSubstr("1:10 \"schema\" must be 1")));
}

TEST(Policy, remarksOnWhatIsEasilyMeantOtherwise) {
  const auto reading = Policy::read("[roles]\nidle = 'a@x'\n[[rule]]\nname = 'r'\nwho = '*'\nmay = '*'\non = '*'");
  EXPECT_TRUE(reading.policy);
  EXPECT_THAT(told(reading.remarks),
              ElementsAre("2:1 role \"idle\" is used by no rule", "5:7 this rule is for everybody"));
}

TEST(Policy, isRefusedAsAWholeWithTheFirstFaultAndTheNumberOfOthers) {
  const auto refused = Policy::parse("a = 1\nb = 2\nc = 3", "policy.toml");
  EXPECT_EQ(refused.error().code, run::Code::invalidConfig);
  EXPECT_THAT(refused.error().cause, HasSubstr("policy.toml, line 1, column 1: \"a\""));
  EXPECT_THAT(refused.error().cause, HasSubstr("2 more"));
}

TEST(Policy, meansByAListOfAccountsWhatItAlwaysMeant) {
  const auto policy = Policy::ofAccounts({"owner@example.org", "nurse@example.org"});
  EXPECT_THAT(policy->accounts(), ElementsAre("nurse@example.org", "owner@example.org"));
  View owner(policy, {"owner@example.org", {}, Door::iq}, nullptr, Clock::real());
  for (const Verb verb : everyVerb)
    EXPECT_EQ(owner.decide({verb, "ALMotion", "moveTo"}).isAllowed, verb != Verb::provide);
  EXPECT_EQ(owner.decide({Verb::call, "ALMotion", "moveTo"}).ruleName(), "access.principals");
  EXPECT_TRUE(View(policy, {"owner@example.or", {}, Door::iq}, nullptr, Clock::real()).isEmpty());
}

TEST(Policy, isTheExampleOfTheDocumentation) {
  std::ifstream file(test::sourceFolder() / "docs/policy.example.toml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto reading = Policy::read(text);
  ASSERT_THAT(told(reading.faults), IsEmpty());
  EXPECT_THAT(told(reading.remarks), IsEmpty());
  EXPECT_EQ(reading.policy->rules().size(), 4u);
  const auto may = [&](const char* who, Verb verb, const char* service, const char* member) {
    return View(reading.policy, {who, {}, Door::iq}, nullptr, Clock::real()).granted(service, member).has(verb);
  };
  EXPECT_TRUE(may("alice@example.org", Verb::call, "ALMotion", "moveTo"));
  EXPECT_FALSE(may("bob@lab.example.org", Verb::call, "ALMotion", "moveTo"));
  EXPECT_TRUE(may("bob@lab.example.org", Verb::get, "ALMotion", "stiffness"));
}

}  // namespace
}  // namespace beckon::policy
