#pragma once

#include "apps/cli/command.hpp"
#include "apps/cli/target.hpp"

#include <boost/asio/io_context.hpp>

namespace beckon::cli {

// The verb control: lists control leases; or takes one, by asking for it where --ask is given, and keeps it until the
// command that was given has ended, or until it is interrupted. `isSound` becomes false if the command fails. Errors:
// leaseHeld, and leaseNeeded when it is lost, which ends the command.
Awaitable<void> control(boost::asio::io_context& io, Target& target, const Command& command, bool& isSound);

}  // namespace beckon::cli
