#pragma once

#include "apps/cli/bus_target.hpp"
#include "apps/cli/command.hpp"

namespace beckon::cli {

// Says "measuring ..." on standard error once it listens, and after `command.measured`, or at SIGINT or SIGTERM before
// that, prints what passed through one service or all. It counts what their traces tell: unlike the statistics of
// actions 80 to 83, which everybody shares, a trace knows who listens, has the bytes, and ends with who listens.
boost::asio::awaitable<run::Result<>> stats(boost::asio::io_context& io, BusTarget& bus, const Command& command);

}  // namespace beckon::cli
