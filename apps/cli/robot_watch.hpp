#pragma once

#include "apps/cli/command.hpp"
#include "remote/remote.hpp"

namespace beckon::cli {

// Says "watching ..." on standard error once subscribed, then prints the events of a robot's signal or property until
// `command.count` of them were seen or the program is stopped. What was missed is printed, too; that robot or service
// went, and that it is watched again, is said on standard error.
boost::asio::awaitable<run::Result<>> watch(boost::asio::io_context& io, remote::Remote& remote,
                                            const Command& command);

}  // namespace beckon::cli
