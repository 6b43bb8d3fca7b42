#include "policy/authority.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Policy> only(const std::string& who, const std::string& more = {}) {
  return Policy::parse("[[rule]]\nname = 'r'\nwho = '" + who + "'\nmay = '*'\non = '*'\n" + more, "p").value();
}
const Act say{Verb::call, "Speech", "say"};

TEST(Authority, givesTheSameViewUntilThePolicyChanges) {
  Authority authority(only("a@x"));
  const auto view = authority.view({"a@x", {}, Door::iq});
  EXPECT_EQ(authority.view({"a@x", {}, Door::iq}), view);
  EXPECT_NE(authority.view({"a@x", {}, Door::lan}), view);
  authority.replace(only("a@x"));
  EXPECT_NE(authority.view({"a@x", {}, Door::iq}), view);
  EXPECT_TRUE(view->decide(say));  // whoever kept it has what it had
}

TEST(Authority, tellsOfAChangeWhenItIsInForce) {
  Authority authority(only("a@x"));
  int told = 0;
  bool mayB = false;
  auto listening = authority.onChange([&] {
    ++told;
    mayB = authority.view({"b@x", {}, Door::iq})->decide(say).isAllowed;
  });
  authority.replace(only("b@x"));
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(mayB);
  EXPECT_FALSE(authority.view({"a@x", {}, Door::iq})->decide(say));
  listening.reset();
  authority.replace(only("a@x"));
  EXPECT_EQ(told, 1);
}

TEST(Authority, countsOneRateForAllSessionsOfAPrincipalAndOverChanges) {
  Clock clock = Clock::real();
  clock.steady = [] { return std::chrono::steady_clock::time_point(1h); };
  Authority authority(only("a@x", "rate = '2/s'"), clock);
  EXPECT_TRUE(authority.view({"a@x", {}, Door::iq})->decide(say));
  EXPECT_TRUE(authority.view({"a@x", {}, Door::lan})->decide(say));
  EXPECT_EQ(authority.view({"a@x", {}, Door::link})->decide(say).refusal, Refusal::rate);
  authority.replace(only("a@x", "rate = '2/s'\naudit = 'arguments'"));
  EXPECT_EQ(authority.view({"a@x", {}, Door::iq})->decide(say).refusal, Refusal::rate);
}

TEST(Authority, keepsABoundedNumberOfViews) {
  Authority authority(only("*@x"));
  const auto kept = authority.view({"a@x", {}, Door::iq});
  for (std::size_t i = 0; i < 2 * Authority::mostViews; ++i)
    ASSERT_TRUE(authority.view({"guest" + std::to_string(i) + "@x", {}, Door::iq})->decide(say));
  EXPECT_TRUE(kept->decide(say));
}

}  // namespace
}  // namespace beckon::policy
