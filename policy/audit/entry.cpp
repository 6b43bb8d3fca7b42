#include "policy/audit/entry.hpp"

#include "core/qi/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace beckon::policy::audit {
namespace {

constexpr std::array<std::string_view, 18> whats{"call",     "post",  "get",   "set",     "watch",  "unwatch",
                                                 "register", "list",  "enter", "leave",   "policy", "token",
                                                 "lease",    "start", "torn",  "removed", "lost",   "more"};
constexpr std::array<std::string_view, 7> outcomes{"", "done", "sent", "failed", "canceled", "refused", "unanswered"};

bool isPlain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

void writeText(std::string& out, std::string_view text, std::size_t limit) {
  if (text.size() <= limit && isPlain(text)) {
    out += text;
    return;
  }
  for (const char c : qi::printable(text, limit)) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
}

void member(std::string& out, std::string_view key, std::string_view text, std::size_t limit = Entry::longestText) {
  if (text.empty()) return;
  out += ",\"";
  out += key;
  out += "\":\"";
  writeText(out, text, limit);
  out += '"';
}

template <class Number>
void number(std::string& out, Number value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

template <class Number>
void member(std::string& out, std::string_view key, const std::optional<Number>& value) {
  if (!value) return;
  out += ",\"";
  out += key;
  out += "\":";
  number(out, *value);
}

}  // namespace

What whatOf(Verb verb) {
  switch (verb) {
    case Verb::call:
      return What::call;
    case Verb::post:
      return What::post;
    case Verb::get:
      return What::get;
    case Verb::set:
      return What::set;
    case Verb::watch:
      return What::watch;
    case Verb::provide:
      return What::provide;
    case Verb::list:
      break;
  }
  return What::list;
}

std::string_view text(What what) { return whats[static_cast<std::size_t>(what)]; }
std::string_view text(Outcome outcome) { return outcomes[static_cast<std::size_t>(outcome)]; }

std::string utcText(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> out;
  const int size = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return {out.data(), static_cast<std::size_t>(size)};
}

void Writer::write(std::string& out, const Entry& entry, std::chrono::system_clock::time_point at,
                   std::chrono::microseconds clock) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  if (second != second_) {
    second_ = second;
    secondText_ = utcText(second);
  }
  const auto fraction = std::chrono::duration_cast<std::chrono::microseconds>(at - second).count();
  std::array<char, 8> digits;
  std::snprintf(digits.data(), digits.size(), "%06u", static_cast<unsigned>(fraction % 1'000'000));
  out += "{\"at\":\"";
  out += secondText_;
  out += '.';
  out.append(digits.data(), 6);
  out += "Z\",\"clock\":";
  number(out, clock.count());
  member(out, "what", text(entry.what));
  member(out, "door", entry.door);
  member(out, "who", entry.who);
  member(out, "session", entry.session);
  member(out, "id", entry.id);
  if (!entry.service.empty()) {
    out += ",\"on\":\"";
    writeText(out, entry.service, Entry::longestText);
    if (!entry.member.empty()) {
      out += '.';
      writeText(out, entry.member, Entry::longestText);
    }
    out += '"';
  }
  member(out, "outcome", text(entry.outcome));
  member(out, "why", entry.why);
  member(out, "rule", entry.rule);
  member(out, "policy", entry.policy);
  if (entry.took) member(out, "took", std::optional(entry.took->count()));
  member(out, "in", entry.in);
  member(out, "out", entry.out);
  member(out, "count", entry.count);
  if (entry.arguments) {
    member(out, "arguments", *entry.arguments, Entry::longestArguments);
    if (entry.arguments->size() > Entry::longestArguments)
      member(out, "argumentsBytes", std::optional(entry.arguments->size()));
  }
  member(out, "note", entry.note);
  out += "}\n";
}

}  // namespace beckon::policy::audit
