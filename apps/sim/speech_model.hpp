#pragma once

#include "apps/sim/clock.hpp"
#include "core/run/error.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace beckon::sim {

struct SpeechEvent {
  enum class Kind { enqueued, started, done, interrupted } kind;
  std::int32_t id;  // of the sentence, from 1
  std::string text;
  bool operator==(const SpeechEvent&) const = default;
};

// What the robot says and how long it takes, without I/O: one sentence after the other, in order. Tags in the text
// ("\rspd=80\") are not understood, they are spoken.
class SpeechModel {
 public:
  // A speaker says about 170 words of 5.3 characters (a space with each) a minute; and pauses after a sentence.
  static constexpr double secondsPerCharacter = 60.0 / (170 * 5.3);
  static constexpr double pauseSeconds = 0.3;
  // Sentences that wait; one more is refused.
  static constexpr std::size_t maxWaiting = 100;

  // Returns the sentence's id. Errors: overloaded; unknown language (empty: the current one).
  run::Result<std::int32_t> say(Time now, const std::string& text, const std::string& language = {});
  // Interrupts the sentence and forgets those that wait.
  void stopAll(Time now);
  // What has happened until `now` and was not told yet, in order.
  std::vector<SpeechEvent> advance(Time now);

  run::Result<> setLanguage(const std::string& language);
  const std::string& language() const { return language_; }
  static const std::vector<std::string>& languages();

  // Percent of the usual speed, 50 to 400 as in NAOqi; for sentences said from now on.
  run::Result<> setSpeed(double percent);
  double speed() const { return speed_; }

 private:
  struct Sentence {
    std::int32_t id;
    std::string text;
    Time enqueued;
    std::chrono::steady_clock::duration duration;
  };
  static run::Result<> checkLanguage(const std::string& language);
  void proceed(Time now);

  std::deque<Sentence> sentences_;  // the first one is spoken once endsAt_ is set
  std::optional<Time> endsAt_;
  Time lastEnd_{};
  std::int32_t lastId_ = 0;
  std::vector<SpeechEvent> events_;
  std::string language_ = "English";
  double speed_ = 100;
};

}  // namespace beckon::sim
