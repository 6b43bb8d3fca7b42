#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::xmpp {

// A moment in the DateTime profile of XEP-0082, e.g. 1969-07-21T02:56:15.25Z or 2026-01-01T00:00:00+01:00. Nothing for
// any other text, for a day or time that does not exist, and for years outside 1678 to 2261, which a 64-bit count of
// nanoseconds cannot hold. Digits of the fraction beyond the ninth are dropped.
std::optional<std::chrono::system_clock::time_point> parseTimestamp(std::string_view text);
// In UTC, as 2026-01-01T00:00:00Z. Of the years 0 to 9999.
std::string timestampText(std::chrono::sys_seconds time);

}  // namespace beckon::xmpp
