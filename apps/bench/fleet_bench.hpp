#pragma once

#include "apps/bench/crowd.hpp"

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json_fwd.hpp>
#include <sys/types.h>

namespace beckon::bench {

struct FleetOptions {
  std::size_t robots = 100;
  std::chrono::milliseconds spread{10000};    // of a storm with jitter, and of the first login
  std::size_t rounds = 1;                     // of two storms each: without and with jitter
  std::chrono::milliseconds idle{20000};      // of rest, for the memory and what resting takes
  std::size_t changes = 100;                  // of presence
  std::chrono::milliseconds asking{5000};     // of requests
  std::size_t atATime = 16;                   // requests
  std::chrono::milliseconds longest{600000};  // of one storm
  pid_t server = 0, relay = 0;                // whose CPU and memory count; 0: not measured
};

// The figures as docs/scale.md has them: of CPU and memory those of server and relay for one robot, all times in
// seconds. The robots stay online. Errors: those of the owner's stream; timed-out: not everybody came online, or went.
boost::asio::awaitable<run::Result<nlohmann::json>> measureFleet(Crowd& crowd, FleetOptions options, bool isBare);

}  // namespace beckon::bench
