#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beckon::policy::audit {

// Keeps refusals from filling the disk: of each caller so many are written in a second, the others counted. Anybody can
// be refused as often as he likes.
class Flood {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::uint64_t mostInAWindow = 20;
  static constexpr std::chrono::seconds window{1};
  static constexpr std::size_t mostCallers = 256;  // told apart in a window; the others are one, ""

  // Whether one more refusal of that caller is to be written.
  bool takes(std::string_view who, Time now);
  // Once the window is over, or always if `isAll`: how many were counted of whom. A new window begins.
  std::vector<std::pair<std::string, std::uint64_t>> counted(Time now, bool isAll = false);
  bool isCounting() const { return isCounting_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> seen_;  // in this window
  Time begun_{};
  bool isCounting_ = false;
};

}  // namespace beckon::policy::audit
