#pragma once

#include "core/run/error.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string_view>

namespace beckon::bench {

// What a process has used by now, of all its threads.
struct Usage {
  double cpu = 0;           // seconds, user and system
  std::int64_t memory = 0;  // bytes resident
};

// From /proc. Error invalidArgument: there is no such process.
run::Result<Usage> usageOf(pid_t pid);

// Of the text of /proc/PID/stat: clock ticks, user and system; the name in it may hold anything. -1 where it is not
// one.
std::int64_t ticksIn(std::string_view stat);

}  // namespace beckon::bench
