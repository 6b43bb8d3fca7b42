#include "xmpp/timestamp.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace beckon::xmpp {
namespace {

using namespace std::chrono;

// Reads from the front of `text`; each step fails for good once one has.
struct Cursor {
  std::string_view text;
  bool good = true;

  static bool isDigit(char c) { return c >= '0' && c <= '9'; }

  bool take(char c) {
    const bool there = good && text.starts_with(c);
    if (there) text.remove_prefix(1);
    return there;
  }
  void expect(char c) { good = take(c); }

  // Exactly that many digits, and a number up to `most`.
  int number(std::size_t digits, int most) {
    int out = 0;
    good = good && text.size() >= digits;
    for (std::size_t i = 0; good && i < digits; ++i) {
      good = isDigit(text[i]);
      out = out * 10 + (text[i] - '0');
    }
    good = good && out <= most;
    if (good) text.remove_prefix(digits);
    return out;
  }

  nanoseconds fraction() {
    std::size_t digits = 0;
    nanoseconds::rep out = 0, unit = 100'000'000;
    for (; digits < text.size() && isDigit(text[digits]); ++digits, unit /= 10) out += (text[digits] - '0') * unit;
    good = good && digits > 0;
    text.remove_prefix(digits);
    return nanoseconds(out);
  }
};

}  // namespace

std::optional<system_clock::time_point> parseTimestamp(std::string_view text) {
  Cursor at{text};
  const year theYear(at.number(4, 2261));
  at.expect('-');
  const month theMonth(static_cast<unsigned>(at.number(2, 12)));
  at.expect('-');
  const day theDay(static_cast<unsigned>(at.number(2, 31)));
  at.expect('T');
  nanoseconds time = hours(at.number(2, 23));
  at.expect(':');
  time += minutes(at.number(2, 59));
  at.expect(':');
  time += seconds(at.number(2, 59));
  if (at.take('.')) time += at.fraction();
  if (!at.take('Z')) {
    const bool west = at.take('-');
    if (!west) at.expect('+');
    minutes offset = hours(at.number(2, 14));  // XML Schema part 2 section 3.2.7.3
    at.expect(':');
    offset += minutes(at.number(2, 59));
    time -= west ? -offset : offset;
  }
  const year_month_day date(theYear, theMonth, theDay);
  if (!at.good || !at.text.empty() || !date.ok() || theYear < year(1678)) return std::nullopt;
  return sys_days(date) + time;
}

std::string timestampText(sys_seconds time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::array<char, 80> out{};
  const int size = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                                 static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {out.data(), static_cast<std::size_t>(size)};
}

}  // namespace beckon::xmpp
