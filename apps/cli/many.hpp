#pragma once

#include "apps/cli/command.hpp"
#include "core/qi/json.hpp"
#include "remote/remote.hpp"

namespace beckon::cli {

// The verbs call, post, get and set on each known robot that `command.all` matches: prints a line for each as it
// answers. `haveAll` becomes false if one fails. Error unknownRobot: none matches.
boost::asio::awaitable<run::Result<>> many(boost::asio::io_context& io, remote::Remote& remote, const Command& command,
                                           const qi::Json& arguments, bool& haveAll);

}  // namespace beckon::cli
