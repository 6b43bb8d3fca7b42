#include "policy/rates.hpp"

#include <algorithm>

namespace beckon::policy {

bool Bucket::take(const Rate& rate, Time now) {
  const auto step = rate.period / rate.count;
  const auto next = std::max(full_, now) + step;
  if (next - now > rate.period) return false;
  full_ = next;
  return true;
}

std::shared_ptr<Bucket> Rates::of(std::string_view principal, std::string_view rule, Bucket::Time now) {
  if (buckets_.size() >= sweepAt_) {
    std::erase_if(buckets_, [&](const auto& each) { return each.second.use_count() == 1 && each.second->isFull(now); });
    sweepAt_ = std::max<std::size_t>(1024, 2 * buckets_.size());
  }
  auto& bucket = buckets_[{std::string(principal), std::string(rule)}];
  if (!bucket) bucket = std::make_shared<Bucket>();
  return bucket;
}

}  // namespace beckon::policy
