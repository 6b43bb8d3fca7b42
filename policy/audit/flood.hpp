#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beckon::policy::audit {

// Keeps refusals from filling the disk, and what was done from being washed out of it: in a window so many are written
// of each caller and of all, the others counted. Anybody can be refused as often as he likes, under as many names. At
// most (mostInAll + mostCallers) lines of some 300 bytes in a window are 93 MB a day: 1 GiB lasts for 11 days of it.
class Flood {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::uint64_t mostInAWindow = 20;  // of one caller
  static constexpr std::uint64_t mostInAll = 40;
  static constexpr std::chrono::seconds window{20};
  static constexpr std::size_t mostCallers = 32;  // told apart in a window; the others are one, ""

  // Whether one more refusal of that caller is to be written; with `onlyCount` none is.
  bool takes(std::string_view who, Time now, bool onlyCount = false);
  // Once the window is over, or always if `isAll`: how many were counted of whom. A new window begins.
  std::vector<std::pair<std::string, std::uint64_t>> counted(Time now, bool isAll = false);
  bool isCounting() const { return isCounting_; }

 private:
  struct Seen {
    std::uint64_t written = 0, counted = 0;
  };
  std::map<std::string, Seen, std::less<>> seen_;  // in this window
  std::uint64_t written_ = 0;                      // of all
  Time begun_{};
  bool isCounting_ = false;
};

}  // namespace beckon::policy::audit
