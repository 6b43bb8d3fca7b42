#include "apps/sim/speech_model.hpp"

#include "tests/sim/manual_clock.hpp"

#include <gtest/gtest.h>

namespace beckon::sim {
namespace {

using Events = std::vector<SpeechEvent>;

struct Speech : testing::Test {
  using Kind = SpeechEvent::Kind;
  test::ManualClock clock;
  SpeechModel model;
  static double length(std::size_t characters) {
    return SpeechModel::pauseSeconds + static_cast<double>(characters) * SpeechModel::secondsPerCharacter;
  }
};

TEST_F(Speech, takesTimeInProportionToTheText) {
  ASSERT_EQ(model.say(clock.now(), "hello").value(), 1);
  EXPECT_EQ(model.advance(clock.now()), (Events{{Kind::enqueued, 1, "hello"}, {Kind::started, 1, "hello"}}));
  clock.advance(length(5) - 0.001);
  EXPECT_EQ(model.advance(clock.now()), Events{});
  clock.advance(0.002);
  EXPECT_EQ(model.advance(clock.now()), (Events{{Kind::done, 1, "hello"}}));
}

TEST_F(Speech, countsCharactersAndNotBytes) {
  model.say(clock.now(), "\u00e9\u00e9\u00e9\u00e9").value();
  clock.advance(length(4) + 0.001);
  EXPECT_EQ(model.advance(clock.now()).back().kind, Kind::done);
}

TEST_F(Speech, saysOneSentenceAfterTheOther) {
  model.say(clock.now(), "one").value();
  model.say(clock.now(), "two").value();
  EXPECT_EQ(model.advance(clock.now()),
            (Events{{Kind::enqueued, 1, "one"}, {Kind::started, 1, "one"}, {Kind::enqueued, 2, "two"}}));
  clock.advance(length(3) + 0.001);
  EXPECT_EQ(model.advance(clock.now()), (Events{{Kind::done, 1, "one"}, {Kind::started, 2, "two"}}));
  // Seen late, it still ended when it ended: a third one starts only now.
  clock.advance(100);
  model.say(clock.now(), "three").value();
  EXPECT_EQ(model.advance(clock.now()),
            (Events{{Kind::done, 2, "two"}, {Kind::enqueued, 3, "three"}, {Kind::started, 3, "three"}}));
}

TEST_F(Speech, interruptsWhatIsSaidAndForgetsWhatWaits) {
  model.say(clock.now(), "one").value();
  model.say(clock.now(), "two").value();
  model.advance(clock.now());
  model.stopAll(clock.now());
  EXPECT_EQ(model.advance(clock.now()), (Events{{Kind::interrupted, 1, "one"}, {Kind::interrupted, 2, "two"}}));
  model.say(clock.now(), "three").value();
  EXPECT_EQ(model.advance(clock.now()).back(), (SpeechEvent{Kind::started, 3, "three"}));
}

TEST_F(Speech, speaksFasterWhenItIsTold) {
  EXPECT_FALSE(model.setSpeed(49));
  EXPECT_FALSE(model.setSpeed(401));
  ASSERT_TRUE(model.setSpeed(200));
  model.say(clock.now(), std::string(100, 'x')).value();
  clock.advance(SpeechModel::pauseSeconds + 50 * SpeechModel::secondsPerCharacter + 0.001);
  EXPECT_EQ(model.advance(clock.now()).back().kind, Kind::done);
}

TEST_F(Speech, refusesALanguageThatItDoesNotHave) {
  EXPECT_EQ(model.language(), "English");
  const auto refused = model.setLanguage("Klingon");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, run::Code::badArguments);
  EXPECT_NE(refused.error().cause.find("English, French"), std::string::npos);
  EXPECT_FALSE(model.say(clock.now(), "x", "Klingon"));
  ASSERT_TRUE(model.setLanguage("French"));
  ASSERT_TRUE(model.say(clock.now(), "x", "German"));
  EXPECT_EQ(model.language(), "French");
}

TEST_F(Speech, refusesASentenceTooMany) {
  for (std::size_t i = 0; i <= SpeechModel::maxWaiting; ++i) ASSERT_TRUE(model.say(clock.now(), "x"));
  EXPECT_EQ(model.say(clock.now(), "x").error().code, run::Code::overloaded);
}

}  // namespace
}  // namespace beckon::sim
