#include "gateway/doors/chat_line.hpp"

#include <array>
#include <optional>

namespace beckon::gateway {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::string_view blanks = " \t\r\n";

struct Quotes {
  std::string_view open, close;
  bool hasEscapes;
};
constexpr std::array<Quotes, 5> quotes{{{"\"", "\"", true},
                                        {"'", "'", false},
                                        {"\u201C", "\u201D", false},    // “English”
                                        {"\u201E", "\u201C", false},    // „deutsch“
                                        {"\u00AB", "\u00BB", false}}};  // «français»

// Takes the rest of a word in quotation marks; false: there is no end of it.
bool takeQuoted(std::string_view& rest, const Quotes& marks, std::string& word) {
  rest.remove_prefix(marks.open.size());
  while (!rest.empty()) {
    if (rest.starts_with(marks.close)) {
      rest.remove_prefix(marks.close.size());
      return true;
    }
    if (marks.hasEscapes && rest.size() > 1 && rest.front() == '\\') {
      rest.remove_prefix(1);
      word += rest.front() == 'n' ? '\n' : rest.front();
    } else {
      word += rest.front();
    }
    rest.remove_prefix(1);
  }
  return false;
}

// How long the JSON array or object is that stands in front, by its brackets.
std::optional<std::size_t> bracketed(std::string_view text) {
  std::size_t depth = 0;
  bool isInText = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (isInText) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        isInText = false;
    } else if (c == '"') {
      isInText = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && --depth == 0) {
      return i + 1;
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> wordsOf(std::string_view rest) {
  std::vector<std::string> out;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    if (rest.empty()) return out;
    auto& word = out.emplace_back();
    const Quotes* marks = nullptr;
    for (const auto& each : quotes)
      if (rest.starts_with(each.open)) marks = &each;
    if (marks) {
      const std::string mark(marks->close);
      if (!takeQuoted(rest, *marks, word))
        return Error{Code::badArguments, "the quotation mark before \"" + word.substr(0, 40) + "\" is not closed",
                     "put " + mark + " behind the text"};
      if (!rest.empty() && blanks.find(rest.front()) == std::string_view::npos)
        return Error{Code::badArguments, "something stands right behind the closing " + mark,
                     "put a blank behind it, or \\\" for a quotation mark within \"...\""};
      continue;
    }
    const auto json = rest.front() == '[' || rest.front() == '{' ? bracketed(rest) : std::nullopt;
    const auto end = rest.find_first_of(blanks, json.value_or(0));
    word = rest.substr(0, end);
    rest.remove_prefix(word.size());
  }
}

}  // namespace beckon::gateway
