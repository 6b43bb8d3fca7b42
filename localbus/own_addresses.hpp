#pragma once

#include "localbus/endpoint.hpp"

#include <vector>

namespace beckon::localbus {

// Where others dial what listens on `bound`: that itself, but for an address that stands for all of this computer's
// (0.0.0.0, ::), which leads everybody to himself. Of that one the addresses that the computer has now, loopback first;
// those of IPv6 that need a zone are left out.
std::vector<Endpoint> dialable(const Endpoint& bound);

}  // namespace beckon::localbus
