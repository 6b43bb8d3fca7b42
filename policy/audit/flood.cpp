#include "policy/audit/flood.hpp"

namespace beckon::policy::audit {

bool Flood::takes(std::string_view who, Time now) {
  if (!isCounting_ && now - begun_ >= window) {
    seen_.clear();
    begun_ = now;
  }
  auto known = seen_.find(who);
  if (known == seen_.end()) known = seen_.try_emplace(seen_.size() < mostCallers ? std::string(who) : "").first;
  if (++known->second <= mostInAWindow) return true;
  isCounting_ = true;
  return false;
}

std::vector<std::pair<std::string, std::uint64_t>> Flood::counted(Time now, bool isAll) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  if (!isCounting_ || (!isAll && now - begun_ < window)) return out;
  for (auto& [who, count] : seen_)
    if (count > mostInAWindow) out.emplace_back(who, count - mostInAWindow);
  seen_.clear();
  begun_ = now;
  isCounting_ = false;
  return out;
}

}  // namespace beckon::policy::audit
