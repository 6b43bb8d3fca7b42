#include "cloud-relay/clones.hpp"

#include <utility>

namespace beckon::relay {

bool Clones::came(const std::string& account, const std::string& run, Time now) {
  auto& runs = members_[account];
  if (run == runs.last) return false;
  const bool isBack = run == runs.before && now < runs.beforeLeft + remembered;
  const bool wasCloned = now < runs.clonedUntil;
  runs.before = std::exchange(runs.last, run);
  runs.beforeLeft = now;
  if (isBack) runs.clonedUntil = now + remembered;
  return isBack && !wasCloned;
}

bool Clones::isCloned(const std::string& account, Time now) const {
  const auto found = members_.find(account);
  return found != members_.end() && now < found->second.clonedUntil;
}

}  // namespace beckon::relay
