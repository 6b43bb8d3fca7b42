#include "apps/sim/speech_service.hpp"

#include <utility>

namespace beckon::sim {

using qi::Value;
using run::Code;
using run::Error;
using run::Result;

namespace {

Result<> checkVolume(const float& volume) {
  if (!(volume >= 0 && volume <= 1)) return Error{Code::badArguments, "the volume goes from 0 to 1", {}};
  return {};
}

constexpr const char* onlySpeed = "the only parameter of the simulator is \"speed\"";

}  // namespace

SpeechService::SpeechService(const Clock& clock, MemoryService& memory) : clock_(clock), memory_(memory) {
  localbus::ObjectBuilder builder;
  builder.method(
      "say", [this](Reply reply, const std::string& text) { say(std::move(reply), text, {}); },
      "Answers when the text was spoken or interrupted.");
  builder.method(
      "say",
      [this](Reply reply, const std::string& text, const std::string& language) {
        say(std::move(reply), text, language);
      },
      "In that language, for this text alone.");
  builder.method("stopAll", [this] {
    model_.stopAll(clock_.now());
    advance();
  });
  builder.method("setLanguage", [this](const std::string& language) {
    const auto done = model_.setLanguage(language);
    if (done) (*languageChanged_)(language);
    return done;
  });
  builder.method("getLanguage", [this] { return model_.language(); });
  builder.method("getAvailableLanguages", [] { return SpeechModel::languages(); });
  builder.method("getSupportedLanguages", [] { return SpeechModel::languages(); });
  builder.method("setVolume", [this](float volume) {
    const auto checked = checkVolume(volume);
    if (checked) volume_->set(volume);
    return checked;
  });
  builder.method("getVolume", [this] { return volume_->get(); });
  builder.method(
      "setParameter",
      [this](const std::string& name, float value) -> Result<> {
        if (name != "speed") return Error{Code::badArguments, onlySpeed, {}};
        return model_.setSpeed(value);
      },
      "speed: 50 to 400 percent.");
  builder.method("getParameter", [this](const std::string& name) -> Result<float> {
    if (name != "speed") return Error{Code::badArguments, onlySpeed, {}};
    return static_cast<float>(model_.speed());
  });
  languageChanged_ = builder.signal<std::string>("languageTTS");
  started_ = builder.signal<std::int32_t, std::string>("textStarted");
  done_ = builder.signal<std::int32_t, std::string>("textDone");
  volume_ = builder.property<float>("volume", 0.7f, checkVolume);
  object_ = builder.build();
  // The keys are there from the start, so that a script can look for them before anything was said.
  memory_.raiseMicroEvent("ALTextToSpeech/CurrentSentence", std::string());
  memory_.raiseMicroEvent("ALTextToSpeech/TextStarted", false);
  memory_.raiseMicroEvent("ALTextToSpeech/TextDone", false);
  memory_.raiseMicroEvent("ALTextToSpeech/TextInterrupted", false);
}

void SpeechService::say(Reply reply, const std::string& text, const std::string& language) {
  const auto id = model_.say(clock_.now(), text, language);
  if (!id) return reply(id.error());
  waiting_.emplace(*id, std::move(reply));
  advance();
}

void SpeechService::advance() {
  for (const auto& event : model_.advance(clock_.now())) tell(event);
}

// Names, values and order are NAOqi's. The last sentence stays readable: TextDone says that it is over.
void SpeechService::tell(const SpeechEvent& event) {
  using Kind = SpeechEvent::Kind;
  const auto raise = [this](const std::string& name, const Value& value) {
    memory_.raiseMicroEvent("ALTextToSpeech/" + name, value);
  };
  const auto status = [&](const std::string& what) {
    raise("Status", qi::List{qi::Signature::of("m"), {qi::dynamic(event.id), qi::dynamic(what)}});
  };
  switch (event.kind) {
    case Kind::enqueued:
      return status("enqueued");
    case Kind::started:
      status("started");
      raise("TextStarted", true);
      raise("TextDone", false);
      raise("TextInterrupted", false);
      raise("CurrentSentence", event.text);
      return (*started_)(event.id, event.text);
    case Kind::done:
      status("done");
      raise("TextDone", true);
      break;
    case Kind::interrupted:
      status("stopped");
      raise("TextInterrupted", true);
      break;
  }
  raise("TextStarted", false);
  (*done_)(event.id, event.text);
  if (auto waiting = waiting_.extract(event.id)) waiting.mapped()({});
}

}  // namespace beckon::sim
