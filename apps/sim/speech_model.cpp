#include "apps/sim/speech_model.hpp"

#include <algorithm>
#include <utility>

namespace beckon::sim {
namespace {

using run::Code;
using run::Error;
using run::Result;

// Code points of UTF-8: the bytes that do not continue one.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](unsigned char byte) { return (byte & 0xC0) != 0x80; }));
}

}  // namespace

const std::vector<std::string>& SpeechModel::languages() {
  static const std::vector<std::string> all{"English", "French", "German", "Japanese"};
  return all;
}

Result<> SpeechModel::checkLanguage(const std::string& language) {
  if (std::ranges::find(languages(), language) != languages().end()) return {};
  std::string known;
  for (const auto& name : languages()) known += (known.empty() ? "" : ", ") + name;
  return Error{Code::badArguments, "the language \"" + language + "\" is not installed; there are " + known, {}};
}

Result<> SpeechModel::setLanguage(const std::string& language) {
  if (const auto known = checkLanguage(language); !known) return known;
  language_ = language;
  return {};
}

Result<> SpeechModel::setSpeed(double percent) {
  if (!(percent >= 50 && percent <= 400)) return Error{Code::badArguments, "the speed goes from 50 to 400 percent", {}};
  speed_ = percent;
  return {};
}

Result<std::int32_t> SpeechModel::say(Time now, const std::string& text, const std::string& language) {
  if (!language.empty())
    if (const auto known = checkLanguage(language); !known) return known.error();
  proceed(now);
  if (sentences_.size() > maxWaiting)
    return Error{Code::overloaded, std::to_string(maxWaiting) + " sentences wait to be said already", {}};
  const std::chrono::duration<double> needed(pauseSeconds + static_cast<double>(characters(text)) *
                                                                secondsPerCharacter * 100 / speed_);
  sentences_.push_back({++lastId_, text, now, std::chrono::duration_cast<std::chrono::steady_clock::duration>(needed)});
  events_.push_back({SpeechEvent::Kind::enqueued, lastId_, text});
  proceed(now);
  return lastId_;
}

void SpeechModel::proceed(Time now) {
  while (!sentences_.empty()) {
    const auto& first = sentences_.front();
    if (!endsAt_) {
      endsAt_ = std::max(first.enqueued, lastEnd_) + first.duration;
      events_.push_back({SpeechEvent::Kind::started, first.id, first.text});
    }
    if (*endsAt_ > now) return;
    lastEnd_ = *std::exchange(endsAt_, {});
    events_.push_back({SpeechEvent::Kind::done, first.id, first.text});
    sentences_.pop_front();
  }
}

void SpeechModel::stopAll(Time now) {
  proceed(now);
  for (auto& sentence : std::exchange(sentences_, {}))
    events_.push_back({SpeechEvent::Kind::interrupted, sentence.id, std::move(sentence.text)});
  endsAt_.reset();
  lastEnd_ = now;
}

std::vector<SpeechEvent> SpeechModel::advance(Time now) {
  proceed(now);
  return std::exchange(events_, {});
}

}  // namespace beckon::sim
