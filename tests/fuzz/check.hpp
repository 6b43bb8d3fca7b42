#pragma once

#include "core/qi/bytes.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace beckon::fuzz {

// What must hold for every input; where it does not, the fuzzer keeps the input. (The stack need not show the line:
// the ends of a function's checks become one.)
inline void check(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d does not hold\n", file, line);
  std::abort();
}

inline std::string_view textOf(qi::ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace beckon::fuzz
