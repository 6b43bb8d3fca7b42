#pragma once

#include "apps/sim/memory_service.hpp"
#include "apps/sim/speech_model.hpp"

#include <map>
#include <memory>

namespace beckon::sim {

// ALTextToSpeech: a call of say is answered when the sentence was spoken. What happens is told by NAOqi's
// micro-events in ALMemory and by signals of the service itself.
class SpeechService {
 public:
  SpeechService(const Clock& clock, MemoryService& memory);
  SpeechService(const SpeechService&) = delete;
  SpeechService& operator=(const SpeechService&) = delete;

  const std::shared_ptr<localbus::Object>& object() const { return object_; }

  // Tells what has happened by now.
  void advance();

 private:
  using Reply = localbus::Reply<void>;
  void say(Reply reply, const std::string& text, const std::string& language);
  void tell(const SpeechEvent& event);

  const Clock& clock_;
  MemoryService& memory_;
  SpeechModel model_;
  std::map<std::int32_t, Reply> waiting_;  // by sentence
  std::optional<localbus::SignalHandle<std::int32_t, std::string>> started_, done_;
  std::optional<localbus::SignalHandle<std::string>> languageChanged_;
  std::optional<localbus::PropertyHandle<float>> volume_;
  std::shared_ptr<localbus::Object> object_;
};

}  // namespace beckon::sim
