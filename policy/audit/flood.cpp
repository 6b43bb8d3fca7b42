#include "policy/audit/flood.hpp"

namespace beckon::policy::audit {

bool Flood::takes(std::string_view who, Time now, bool onlyCount) {
  if (!isCounting_ && now - begun_ >= window) {
    seen_.clear();
    written_ = 0;
    begun_ = now;
  }
  auto known = seen_.find(who);
  if (known == seen_.end()) known = seen_.try_emplace(seen_.size() < mostCallers ? std::string(who) : "").first;
  auto& seen = known->second;
  if (!onlyCount && seen.written < mostInAWindow && written_ < mostInAll) {
    ++seen.written;
    ++written_;
    return true;
  }
  ++seen.counted;
  isCounting_ = true;
  return false;
}

std::vector<std::pair<std::string, std::uint64_t>> Flood::counted(Time now, bool isAll) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  if (!isCounting_ || (!isAll && now - begun_ < window)) return out;
  for (auto& [who, seen] : seen_)
    if (seen.counted > 0) out.emplace_back(who, seen.counted);
  seen_.clear();
  written_ = 0;
  begun_ = now;
  isCounting_ = false;
  return out;
}

}  // namespace beckon::policy::audit
