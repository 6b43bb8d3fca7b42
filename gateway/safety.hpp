#pragma once

#include "policy/view.hpp"

#include <algorithm>

namespace beckon::gateway {

// What keeps control of the robot or brings it to rest: the service Control, and the stop actions of the policy's
// leases. It is let through, within what the policy grants, even while the record cannot be written: a robot that
// cannot be stopped is worse than a gap in the record.
inline bool isForSafety(const policy::Policy& policy, std::string_view service, std::string_view member) {
  if (policy.leases().empty()) return false;
  if (service == policy::controlService) return true;
  const auto name = member.substr(0, member.find("::"));
  return std::ranges::any_of(policy.leases(), [&](const policy::Lease& lease) {
    return std::ranges::any_of(lease.stop,
                               [&](const auto& stop) { return stop.service == service && stop.member == name; });
  });
}

}  // namespace beckon::gateway
