#pragma once

#include "apps/cli/bus_target.hpp"
#include "apps/cli/command.hpp"

namespace beckon::cli {

// Says "tracing ..." on standard error once it listens, then prints what passes until `command.count` lines were
// printed or the program is stopped. Of one service or member where the command names it, otherwise of all services.
// Errors: unknownService, unknownMember, those of the session.
boost::asio::awaitable<run::Result<>> trace(boost::asio::io_context& io, BusTarget& bus, const Command& command);

}  // namespace beckon::cli
