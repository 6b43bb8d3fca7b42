#pragma once

#include "apps/cli/command.hpp"
#include "core/run/error.hpp"

#include <boost/asio/awaitable.hpp>

// The robots of this network, found without a server (docs/design/029).
namespace beckon::cli {

// Prints a line for each, with its address, its key, and whether that is known.
boost::asio::awaitable<run::Result<>> listLanRobots(const Command& command);

// The same command for the bus behind that robot's door: its address, and the key that it must have, which is the one
// of
// --pin or the one that is known. Errors: unknownRobot; badCertificate for a robot whose key is not known, or is
// another.
boost::asio::awaitable<run::Result<Command>> reachLanRobot(Command command);
// After the robot has shown that it has that key: a key that the user gave is known from now on.
run::Result<> rememberLanRobot(const Command& given);

}  // namespace beckon::cli
