#include "core/qi/utf8.hpp"

#include <algorithm>

namespace beckon::qi {
namespace {

// Bytes of the character that `text` begins with; 0 if it begins with none.
std::size_t firstCharacter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  const unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  return size;
}

// C0, DEL and C1 (U+0080 to U+009F, two bytes), but not newline and tab.
bool isControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return (first < 0x20 && first != '\n' && first != '\t') || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = firstCharacter(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD", more = "...";
  std::string out;
  std::size_t cut = 0;  // where `more` would still fit
  while (!text.empty()) {
    const std::size_t size = firstCharacter(text);
    const bool isShown = size && !isControl(text.substr(0, size));
    const std::string_view character = isShown ? text.substr(0, size) : replacement;
    if (out.size() + character.size() > limit) return out.substr(0, cut).append(more);
    out += character;
    if (limit - out.size() >= more.size()) cut = out.size();
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace beckon::qi
