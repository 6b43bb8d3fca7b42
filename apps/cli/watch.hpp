#pragma once

#include "apps/cli/bus_target.hpp"
#include "apps/cli/command.hpp"

namespace beckon::cli {

// Says "watching ..." on standard error once subscribed, then prints events until `command.count` of them were seen,
// the directory is lost (error connectionLost) or the program is stopped. Of a signal or property where the command
// names one: when its service goes, that is said on standard error and the subscription is made again as soon as the
// service is back. Without a place: services that come and go.
boost::asio::awaitable<run::Result<>> watch(boost::asio::io_context& io, BusTarget& bus, const Command& command);

}  // namespace beckon::cli
