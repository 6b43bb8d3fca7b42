#pragma once

#include "core/qi/bytes.hpp"

#include <cstdlib>
#include <string_view>

namespace beckon::fuzz {

// What must hold for every input; where it does not, the fuzzer keeps the input and the stack shows the line.
inline void check(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view textOf(qi::ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace beckon::fuzz
