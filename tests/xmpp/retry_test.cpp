#include "xmpp/retry.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;

TEST(Retry, spreadsOverADoublingSpanUpToItsCap) {
  std::vector<Retry::Duration> longest(12, 0ms);
  for (unsigned seed = 0; seed < 500; ++seed) {
    Retry retry(1s, 60s, seed);
    for (auto& most : longest) {
      const auto wait = retry.next(false);
      EXPECT_GE(wait, 0ms);
      most = std::max(most, wait);
    }
  }
  for (std::size_t n = 0; n < longest.size(); ++n) {
    const auto span = std::min<Retry::Duration>(60s, 1s * (1 << n));
    EXPECT_LE(longest[n], span);
    EXPECT_GE(longest[n], span * 9 / 10);
  }
}

TEST(Retry, startsAnewAfterSuccess) {
  Retry retry(1s, 60s, 1);
  for (int i = 0; i < 10; ++i) retry.next(false);
  retry.succeeded();
  EXPECT_LE(retry.next(false), 1s);
}

TEST(Retry, isSlowWhereSomebodyHasToChangeSomethingFirst) {
  Retry retry(1s, 60s, 1);
  for (int i = 0; i < 10; ++i) {
    const auto wait = retry.next(true);
    EXPECT_GE(wait, 30s);
    EXPECT_LE(wait, 60s);
  }
}

}  // namespace
}  // namespace beckon::xmpp
