#pragma once

#include "core/run/error.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::policy {

// A minute of the week on the robot's local clock.
struct LocalTime {
  int day = 0;     // 0 is Monday
  int minute = 0;  // of the day
  bool operator==(const LocalTime&) const = default;
};
// None before 2020: a clock that was never set says nothing about the time.
std::optional<LocalTime> localTime(std::chrono::system_clock::time_point now);

// "Mon-Fri 08:00-18:00", "Sat 10:00-24:00", "22:00-06:00" (each day; past midnight it belongs to the day on which it
// began). The last minute is not part of it.
class TimeWindow {
 public:
  static run::Result<TimeWindow> parse(std::string_view text);
  bool isOpen(const LocalTime& now) const;
  const std::string& text() const { return text_; }  // as it was written

 private:
  std::string text_;
  unsigned days_ = 0;  // a bit each
  int from_ = 0, to_ = 0;
};

}  // namespace beckon::policy
