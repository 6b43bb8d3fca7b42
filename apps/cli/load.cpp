#include "apps/cli/load.hpp"

#include <algorithm>

namespace beckon::cli {

void Load::add(const Passed& passed) {
  isWhole = isWhole && passed.isWhole;
  if (passed.kind == Passed::Kind::call) {
    ++calls;
    argumentBytes += passed.bytes;
    return;
  }
  if (passed.kind == Passed::Kind::event) {
    ++events;
    eventBytes += passed.bytes;
    return;
  }
  ++(passed.kind == Passed::Kind::answer ? answers : errors);
  resultBytes += passed.bytes;
  user += passed.user;
  system += passed.system;
  if (!passed.duration) return;
  ++timed;
  wall += *passed.duration;
  longest = std::max(longest, *passed.duration);
}

}  // namespace beckon::cli
