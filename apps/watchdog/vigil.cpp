#include "apps/watchdog/vigil.hpp"

#include <algorithm>

namespace beckon::watchdog {

void Vigil::define(std::map<std::string, std::chrono::milliseconds> lapses) {
  lapses_ = std::move(lapses);
  std::erase_if(due_, [&](const auto& entry) { return !lapses_.contains(entry.first); });
}

void Vigil::held(const std::string& lease, Time now) {
  if (const auto known = lapses_.find(lease); known != lapses_.end()) due_[lease] = now + known->second;
}

std::vector<std::string> Vigil::expire(Time now) {
  std::vector<std::string> out;
  std::erase_if(due_, [&](const auto& entry) {
    if (entry.second > now) return false;
    out.push_back(entry.first);
    return true;
  });
  return out;
}

std::optional<Vigil::Time> Vigil::next() const {
  std::optional<Time> first;
  for (const auto& [lease, due] : due_) first = std::min(first.value_or(due), due);
  return first;
}

}  // namespace beckon::watchdog
