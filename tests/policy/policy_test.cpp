#include "policy/policy.hpp"

#include "policy/authority.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

TEST(Policy, letsTheListOfAccountsDoEverythingButRegister) {
  Authority authority(Policy::ofAccounts({"owner@example.org"}));
  const auto owner = authority.view({"owner@example.org", {}, Door::iq});
  for (const Verb verb : everyVerb)
    EXPECT_EQ(owner->decide({verb, "ALMotion", "moveTo"}).isAllowed, verb != Verb::provide);
}

}  // namespace
}  // namespace beckon::policy
