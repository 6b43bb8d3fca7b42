#include "gateway/repeats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;
using run::Code;
using run::Error;
using testing::ElementsAre;
using testing::IsEmpty;

class RepeatsTest : public testing::Test {
 protected:
  // Collects what a waiter is told: the text of a result, or the code of an error.
  Repeats::Waiter hear() {
    return [this](const Repeats::Outcome& outcome) {
      heard.push_back(outcome ? outcome->text : std::string(run::codeText(outcome.error().code)));
    };
  }
  static Repeats::Outcome result(std::string text) { return xmpp::Element("call", "", std::move(text)); }

  Repeats repeats;
  Repeats::Time now{1h};
  std::vector<std::string> heard;
};

TEST_F(RepeatsTest, givesARepeatTheOutcomeOfTheFirst) {
  EXPECT_FALSE(repeats.join("a@x", "1", now, hear()));
  EXPECT_TRUE(repeats.begin("a@x", "1", now, hear()));
  repeats.finish("a@x", "1", now, result("done"));
  EXPECT_TRUE(repeats.join("a@x", "1", now, hear()));
  EXPECT_THAT(heard, ElementsAre("done", "done"));
}

TEST_F(RepeatsTest, letsARepeatWaitForWhatIsUnderWay) {
  repeats.begin("a@x", "1", now, hear());
  EXPECT_TRUE(repeats.join("a@x", "1", now, hear()));
  EXPECT_THAT(heard, IsEmpty());
  repeats.finish("a@x", "1", now, Error{Code::callFailed, "broken", {}});
  EXPECT_THAT(heard, ElementsAre("call-failed", "call-failed"));
}

TEST_F(RepeatsTest, keepsAccountsApart) {
  repeats.begin("a@x", "1", now, hear());
  EXPECT_FALSE(repeats.join("b@x", "1", now, hear()));
  repeats.forget("b@x", {"1"});
  EXPECT_TRUE(repeats.join("a@x", "1", now, hear()));
}

TEST_F(RepeatsTest, remembersForTwoMinutesAfterTheOutcome) {
  repeats.begin("a@x", "1", now, hear());
  EXPECT_TRUE(repeats.join("a@x", "1", now + 1h, hear()));  // however long it takes
  repeats.finish("a@x", "1", now + 1h, result("x"));
  EXPECT_TRUE(repeats.join("a@x", "1", now + 1h + Repeats::memory - 1ms, hear()));
  EXPECT_FALSE(repeats.join("a@x", "1", now + 1h + Repeats::memory, hear()));
}

TEST_F(RepeatsTest, forgetsWhatTheCallerHasAndNotWhatIsUnderWay) {
  repeats.begin("a@x", "1", now, hear());
  repeats.finish("a@x", "1", now, result("x"));
  repeats.begin("a@x", "2", now, hear());
  repeats.forget("a@x", {"1", "2", "3"});
  EXPECT_FALSE(repeats.join("a@x", "1", now, hear()));
  EXPECT_TRUE(repeats.join("a@x", "2", now, hear()));
}

TEST_F(RepeatsTest, saysOfAnOutcomeThatIsTooLargeToKeepThatItWasCarriedOut) {
  repeats.begin("a@x", "1", now, hear());
  repeats.finish("a@x", "1", now, result(std::string(Repeats::largestOutcome + 1, 'x')));
  EXPECT_EQ(heard.back().size(), Repeats::largestOutcome + 1);  // the first gets it
  EXPECT_TRUE(repeats.join("a@x", "1", now, hear()));
  EXPECT_EQ(heard.back(), "too-late");
}

TEST_F(RepeatsTest, keepsOneMegabyteOfAnAccountAtMost) {
  const std::string big(Repeats::largestOutcome, 'x');
  const auto fitting = Repeats::mostBytes / big.size();
  for (std::size_t i = 0; i <= fitting; ++i) {
    repeats.begin("a@x", std::to_string(i), now, hear());
    repeats.finish("a@x", std::to_string(i), now, result(big));
  }
  repeats.join("a@x", std::to_string(fitting - 1), now, hear());
  EXPECT_EQ(heard.back(), big);
  repeats.join("a@x", std::to_string(fitting), now, hear());
  EXPECT_EQ(heard.back(), "too-late");
  // Room comes back.
  repeats.forget("a@x", {"0"});
  repeats.begin("a@x", "new", now, hear());
  repeats.finish("a@x", "new", now, result(big));
  repeats.join("a@x", "new", now, hear());
  EXPECT_EQ(heard.back(), big);
}

TEST_F(RepeatsTest, refusesARequestThatItCouldNotRemember) {
  for (std::size_t i = 0; i < Repeats::mostIds; ++i) ASSERT_TRUE(repeats.begin("a@x", std::to_string(i), now, hear()));
  EXPECT_FALSE(repeats.begin("a@x", "one more", now, hear()));
  EXPECT_TRUE(repeats.begin("b@x", "one more", now, hear()));
  repeats.finish("a@x", "0", now, result("x"));
  repeats.forget("a@x", {"0"});
  EXPECT_TRUE(repeats.begin("a@x", "one more", now, hear()));
}

}  // namespace
}  // namespace beckon::gateway
