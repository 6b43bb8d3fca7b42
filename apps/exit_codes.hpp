#pragma once

#include "core/run/error.hpp"

namespace beckon::apps {

// What every program returns for an error that ended it; the same numbers for all of them:
//   0 done   1 fault of Beckon   2 wrong usage, arguments or configuration   3 no such robot, service or member
//   4 cannot be reached, or lost   5 no answer in time   6 refused   7 the service answered with an error
//   8 broken protocol, or above a limit
// beckon returns 9 where of many robots not each has done what was asked.
int exitCode(run::Code code);

}  // namespace beckon::apps
