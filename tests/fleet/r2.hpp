#pragma once

#include "fleet/statement.hpp"

#include <chrono>
#include <string>

// The robot that these tests speak of, and the day on which they do.
namespace beckon::fleet {

inline const std::string r2Account = "r2@robots.example";
inline const std::string r2Id = "0c7b2f6e-0000-4000-8000-000000000000";
inline const WallTime today = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);

}  // namespace beckon::fleet
