#include "policy/guesses.hpp"

#include <algorithm>

namespace beckon::policy {

Guesses::Duration Guesses::wait(std::string_view address, Time now) const {
  const auto found = forgiven_.find(address);
  if (found == forgiven_.end()) return Duration::zero();
  return std::max(Duration::zero(), Duration(found->second - now - (atOnce - 1) * perGuess));
}

void Guesses::failed(std::string_view address, Time now) {
  forget(now);
  auto found = forgiven_.find(address);
  if (found == forgiven_.end()) {
    if (forgiven_.size() >= maxAddresses) {
      forgiven_.erase(order_.begin()->second);
      order_.erase(order_.begin());
    }
    found = forgiven_.emplace(address, now).first;
  } else {
    order_.erase({found->second, found->first});
  }
  found->second = std::max(found->second, now) + perGuess;
  order_.emplace(found->second, found->first);
}

void Guesses::forget(Time now) {
  while (!order_.empty() && order_.begin()->first <= now) {
    forgiven_.erase(order_.begin()->second);
    order_.erase(order_.begin());
  }
}

}  // namespace beckon::policy
