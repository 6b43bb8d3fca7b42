#pragma once

#include "tests/interop/differences.hpp"

#include <string>

namespace beckon::test {

// One scenario of tests/data/qi, once from each side. Both return which known differences were met; any other is a
// failure of the test.
Differences replayClients(const std::string& file);  // its libqi clients, against our directory and service
Differences replayServers(const std::string& file);  // its libqi directory and service, against programs of ours

// What the programs of a scenario were told to offer.
qi::CapabilityMap capabilitiesOf(const std::string& file);

}  // namespace beckon::test
