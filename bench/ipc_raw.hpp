#pragma once

#include "bench/report.hpp"

namespace beckon::bench {

// Raws of 1 and 16 MiB to a service on a unix socket, in buffers of the bus, each page read by the service: one after
// the other, and with several on their way. The limit reads the pages of as much shared memory that is mapped already:
// told by a byte over a plain unix socket and answered by one, and without anything said.
void measureIpcRaws(Report& report, const std::vector<int>& cores);

}  // namespace beckon::bench
