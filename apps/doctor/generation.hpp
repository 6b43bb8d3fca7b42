#pragma once

#include "apps/doctor/bus_facts.hpp"

#include <string>

namespace beckon::doctor {

// Which software a peer is, as far as it can be told from what it says, and from which of it.
struct Generation {
  std::string name;  // "libqi 4", "NAOqi 2.1 to 2.5" ...
  std::string from;
};

// `bus`: absent where the peer did not let us ask.
Generation generationOf(const Login& login, const BusFacts* bus);

}  // namespace beckon::doctor
