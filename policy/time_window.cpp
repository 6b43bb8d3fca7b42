#include "policy/time_window.hpp"

#include <array>
#include <ctime>

namespace beckon::policy {
namespace {

constexpr std::array<std::string_view, 7> dayNames{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr int aDay = 24 * 60;
// 2020-01-01: no robot with this program was made before.
constexpr std::time_t first = 1'577'836'800;

int dayOf(std::string_view name) {
  for (std::size_t i = 0; i < dayNames.size(); ++i)
    if (dayNames[i] == name) return static_cast<int>(i);
  return -1;
}

// "08:00"; -1 for anything else.
int minuteOf(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 1000; };
  if (text.size() != 5 || text[2] != ':') return -1;
  const int hour = digit(0) * 10 + digit(1), minute = digit(3) * 10 + digit(4);
  return (hour < 24 && minute < 60) || (hour == 24 && minute == 0) ? hour * 60 + minute : -1;
}

}  // namespace

std::optional<LocalTime> localTime(std::chrono::system_clock::time_point now) {
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  if (seconds < first || !::localtime_r(&seconds, &local)) return std::nullopt;
  return LocalTime{(local.tm_wday + 6) % 7, local.tm_hour * 60 + local.tm_min};
}

run::Result<TimeWindow> TimeWindow::parse(std::string_view text) {
  const run::Error wrong{run::Code::invalidConfig, "\"" + std::string(text) + "\" is not a time of the week",
                         "write \"Mon-Fri 08:00-18:00\", \"Sat 10:00-24:00\" or \"22:00-06:00\""};
  TimeWindow out;
  out.text_ = text;
  const auto space = text.find(' ');
  auto times = text;
  if (space == text.npos) {
    out.days_ = 0x7f;
  } else {
    const auto days = text.substr(0, space);
    times = text.substr(space + 1);
    const auto dash = days.find('-');
    const int from = dayOf(days.substr(0, dash)), to = dash == days.npos ? from : dayOf(days.substr(dash + 1));
    if (from < 0 || to < 0) return wrong;
    for (int day = from;; day = (day + 1) % 7) {
      out.days_ |= 1u << day;
      if (day == to) break;
    }
  }
  const auto dash = times.find('-');
  if (dash == times.npos) return wrong;
  out.from_ = minuteOf(times.substr(0, dash));
  out.to_ = minuteOf(times.substr(dash + 1));
  if (out.from_ < 0 || out.from_ == aDay || out.to_ <= 0 || out.from_ == out.to_) return wrong;
  return out;
}

bool TimeWindow::isOpen(const LocalTime& now) const {
  const auto isOn = [&](int day) { return (days_ >> day & 1u) != 0; };
  if (from_ < to_) return isOn(now.day) && from_ <= now.minute && now.minute < to_;
  return (isOn(now.day) && from_ <= now.minute) || (isOn((now.day + 6) % 7) && now.minute < to_);
}

}  // namespace beckon::policy
