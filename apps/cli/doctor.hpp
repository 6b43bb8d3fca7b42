#pragma once

#include "apps/cli/command.hpp"

#include <boost/asio/awaitable.hpp>

namespace beckon::cli {

// Looks at command.host and prints what it finds, facts as they come. Whether it is sound; errors are of the command
// line only: invalidArgument, invalidConfig.
boost::asio::awaitable<run::Result<bool>> doctor(const Command& command);

}  // namespace beckon::cli
