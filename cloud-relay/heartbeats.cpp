#include "cloud-relay/heartbeats.hpp"

#include <algorithm>

namespace beckon::relay {

std::chrono::milliseconds Heartbeats::silence(const std::string& account, Time now) const {
  const auto found = last_.find(account);
  const auto since = found == last_.end() ? listeningSince_ : std::max(found->second, listeningSince_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - since);
}

}  // namespace beckon::relay
