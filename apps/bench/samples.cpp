#include "apps/bench/samples.hpp"

#include <algorithm>
#include <cmath>

namespace beckon::bench {

double Samples::at(double share) const {
  if (taken_.empty()) return 0;
  auto sorted = taken_;
  std::ranges::sort(sorted);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return std::chrono::duration<double>(sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1]).count();
}

std::chrono::nanoseconds turnOf(std::size_t index, std::size_t count, std::chrono::nanoseconds spread) {
  return count == 0 ? std::chrono::nanoseconds(0)
                    : spread * static_cast<std::int64_t>(index) / static_cast<std::int64_t>(count);
}

}  // namespace beckon::bench
