#pragma once

#include "apps/bus_token.hpp"
#include "apps/cli/command.hpp"
#include "localbus/endpoint.hpp"

#include <memory>
#include <string>

namespace beckon::cli {

// A token reaches the program in a file or by standard input, never on the command line, which every user of the
// computer can read.

// --token-file, else what the environment's BECKON_TOKEN_FILE names; empty if there is none.
std::string tokenFileOf(const Command& command);
// Errors: those of BusToken::open().
run::Result<std::shared_ptr<apps::BusToken>> openToken(const std::string& file, const Command& command);
// What to show at `endpoint`; null if there is none. Errors: invalidArgument if it would travel where others can read
// it (the environment's is then left out instead); those of openToken().
run::Result<std::shared_ptr<apps::BusToken>> tokenFor(const localbus::Endpoint& endpoint, const Command& command);

}  // namespace beckon::cli
