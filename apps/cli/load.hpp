#pragma once

#include "apps/cli/trace_reader.hpp"

namespace beckon::cli {

// What passed through a service in some time.
struct Load {
  std::uint64_t calls = 0, answers = 0, errors = 0, events = 0;
  std::uint64_t missed = 0;                       // calls and events that are not counted above
  std::uint64_t timed = 0;                        // answers and errors whose duration is known
  std::chrono::microseconds wall{0}, longest{0};  // of these: their sum and the longest
  std::chrono::microseconds user{0}, system{0};   // of all answers and errors, the sum
  std::uint64_t argumentBytes = 0, resultBytes = 0, eventBytes = 0;
  bool isWhole = true;  // false: the bytes are without raw data and objects, which a trace does not show

  void add(const Passed& passed);
};

}  // namespace beckon::cli
