#pragma once

#include "policy/rule.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beckon::policy {

// The quantities of a policy file; none for a text that is not one.
std::optional<Rate> rateOf(std::string_view text);                           // "20/s", "100/min", "5/h"
std::optional<std::size_t> sizeOf(std::string_view text);                    // "500 B", "64 KiB", "1 GiB"
std::optional<std::chrono::milliseconds> durationOf(std::string_view text);  // "500 ms", "5 s", "2 min"

std::string text(const Rate& rate);

}  // namespace beckon::policy
