#include "policy/policy.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

constexpr Verb everyVerb[] = {Verb::list, Verb::call, Verb::post, Verb::get, Verb::set, Verb::watch};

TEST(Policy, refusesEverybodyByDefault) {
  for (const Verb verb : everyVerb) EXPECT_FALSE(decide({}, {"owner@example.org", verb, "ALMotion", "moveTo"}).allowed);
}

TEST(Policy, allowsAListedPrincipalEverything) {
  const Policy policy{{"owner@example.org", "nurse@example.org"}};
  for (const Verb verb : everyVerb) {
    EXPECT_TRUE(decide(policy, {"owner@example.org", verb, "ALMotion", "moveTo"}).allowed);
    EXPECT_TRUE(decide(policy, {"nurse@example.org", verb, "", ""}).allowed);
  }
}

TEST(Policy, refusesWhoIsNotListed) {
  const Policy policy{{"owner@example.org"}};
  for (const Verb verb : everyVerb) {
    const auto decision = decide(policy, {"stranger@example.org", verb, "ALMotion", "moveTo"});
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.reason, "not a listed principal");
  }
}

TEST(Policy, comparesWholeNames) {
  const Policy policy{{"owner@example.org"}};
  for (const char* other : {"", "owner", "owner@example.or", "owner@example.org.evil.org", "Owner@example.org",
                            "owner@example.org/phone", " owner@example.org"})
    EXPECT_FALSE(decide(policy, {other, Verb::call, "ALMotion", "moveTo"}).allowed) << other;
}

TEST(Policy, givesAReasonForTheLog) {
  EXPECT_EQ(decide({{"owner@example.org"}}, {"owner@example.org", Verb::list, "", ""}).reason, "listed principal");
}

}  // namespace
}  // namespace beckon::policy
