#include "policy/guesses.hpp"

#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

using std::chrono::seconds;
const Guesses::Time firstGuess{seconds(1000)};

TEST(Guesses, leaveAnAddressAloneThatHasNotFailed) {
  Guesses guesses;
  EXPECT_EQ(guesses.wait("10.0.0.1", firstGuess), seconds(0));
}

TEST(Guesses, makeAnAddressWaitAfterFive) {
  Guesses guesses;
  for (int i = 0; i < Guesses::atOnce; ++i) {
    EXPECT_EQ(guesses.wait("10.0.0.1", firstGuess), seconds(0)) << i;
    guesses.failed("10.0.0.1", firstGuess);
  }
  EXPECT_EQ(guesses.wait("10.0.0.1", firstGuess), Guesses::perGuess);
  EXPECT_EQ(guesses.wait("10.0.0.1", firstGuess + seconds(4)), seconds(6));
  EXPECT_EQ(guesses.wait("10.0.0.1", firstGuess + seconds(10)), seconds(0));
  EXPECT_EQ(guesses.wait("10.0.0.2", firstGuess), seconds(0));
}

TEST(Guesses, giveOneMoreTryForEachTenSeconds) {
  Guesses guesses;
  for (int i = 0; i < Guesses::atOnce; ++i) guesses.failed("a", firstGuess);
  auto now = firstGuess;
  for (int i = 0; i < 100; ++i) {
    now += guesses.wait("a", now);
    EXPECT_EQ(now, firstGuess + (i + 1) * Guesses::perGuess);
    guesses.failed("a", now);
  }
}

TEST(Guesses, areForgivenWithTime) {
  Guesses guesses;
  for (int i = 0; i < Guesses::atOnce; ++i) guesses.failed("a", firstGuess);
  const auto later = firstGuess + Guesses::atOnce * Guesses::perGuess;
  for (int i = 0; i < Guesses::atOnce; ++i) {
    EXPECT_EQ(guesses.wait("a", later), seconds(0)) << i;
    guesses.failed("a", later);
  }
  EXPECT_GT(guesses.wait("a", later), seconds(0));
}

TEST(Guesses, ofForgivenAddressesTakeNoMemory) {
  Guesses guesses;
  for (int i = 0; i < 100; ++i) guesses.failed(std::to_string(i), firstGuess);
  EXPECT_EQ(guesses.addresses(), 100u);
  guesses.failed("last", firstGuess + seconds(10));
  EXPECT_EQ(guesses.addresses(), 1u);
}

TEST(Guesses, ofEndlessAddressesTakeBoundedMemoryAndDoNotFreeWhoGuessesMost) {
  Guesses guesses;
  for (int i = 0; i < Guesses::atOnce; ++i) guesses.failed("worst", firstGuess);
  for (std::size_t i = 0; i < 3 * Guesses::maxAddresses; ++i) guesses.failed(std::to_string(i), firstGuess);
  EXPECT_EQ(guesses.addresses(), Guesses::maxAddresses);
  EXPECT_GT(guesses.wait("worst", firstGuess), seconds(0));
}

}  // namespace
}  // namespace beckon::policy
