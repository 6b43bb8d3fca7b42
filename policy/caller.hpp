#pragma once

#include "policy/words.hpp"

#include <string>
#include <vector>

namespace beckon::policy {

// Who acts, and by which door.
struct Caller {
  std::string principal;           // see PrincipalPattern for its forms
  std::vector<std::string> roles;  // those that its credential carries (a token's)
  Door door = Door::iq;
};

}  // namespace beckon::policy
