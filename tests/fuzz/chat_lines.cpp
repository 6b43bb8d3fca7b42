// A line that somebody writes to a robot: its words, or what is wrong with it in readable words. Input: the line.
#include "core/qi/utf8.hpp"
#include "gateway/doors/chat_line.hpp"
#include "gateway/doors/chat_words.hpp"
#include "tests/fuzz/check.hpp"

using namespace beckon;
using fuzz::check;

namespace {

gateway::Callable service(const std::string& name, const std::vector<std::string>& methods) {
  gateway::Callable out{name, {}};
  for (const auto& method : methods) out.methods.push_back({100, "v", method, "(si)", "does it", {}, {}});
  return out;
}

// In quotation marks, whatever stands in it.
std::string quoted(const std::string& word) {
  std::string out = "\"";
  for (const char c : word)
    out += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto line = fuzz::textOf({data, size});
  const auto words = gateway::wordsOf(line);
  const bool isText = qi::isUtf8(line);
  if (!words) {
    check(!words.error().cause.empty() && !words.error().nextStep.empty());
    return 0;
  }
  std::string again;
  for (const auto& word : *words) again += quoted(word) + " ";
  const auto same = gateway::wordsOf(again);
  check(same && *same == *words);
  if (words->empty()) return 0;

  static const std::vector<gateway::Callable> all{service("Speech", {"say", "hush"}), service("T.0", {"say", "go"})};
  const auto meaning = gateway::meaningOf(all, words->front());
  if (meaning) {
    check(!meaning->service.empty() && !meaning->method.empty());
    gateway::usages(all, *meaning);
  } else {
    check(!isText || qi::isUtf8(meaning.error().cause));
  }
  check(!gateway::help(all, words->front()).empty());
  return 0;
}
