#include "policy/words.hpp"

#include <utility>

namespace beckon::policy {
namespace {

constexpr std::array<std::string_view, everyVerb.size()> verbTexts{"list", "call",  "post",    "get",
                                                                   "set",  "watch", "register"};
constexpr std::array<std::string_view, 3> doorTexts{"iq", "lan", "link"};

template <class Word, std::size_t size>
std::optional<Word> wordOf(const std::array<std::string_view, size>& texts, std::string_view text) {
  for (std::size_t i = 0; i < size; ++i)
    if (texts[i] == text) return static_cast<Word>(i);
  return std::nullopt;
}

}  // namespace

std::string_view text(Verb verb) { return verbTexts[static_cast<std::size_t>(verb)]; }
std::string_view text(Door door) { return doorTexts[static_cast<std::size_t>(door)]; }
std::optional<Verb> verbOf(std::string_view text) { return wordOf<Verb>(verbTexts, text); }
std::optional<Door> doorOf(std::string_view text) { return wordOf<Door>(doorTexts, text); }

}  // namespace beckon::policy
