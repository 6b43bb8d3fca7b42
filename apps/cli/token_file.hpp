#pragma once

#include "apps/cli/command.hpp"
#include "core/qi/capabilities.hpp"
#include "localbus/endpoint.hpp"

#include <string>

namespace beckon::cli {

// A token reaches the program in a file or by standard input, never on the command line, which every user of the
// computer can read.
//
// What to show at `endpoint`: the token of --token-file, else of the file that the environment's BECKON_TOKEN_FILE
// names; empty if there is none. Errors: invalidArgument if it would travel where others can read it (the environment's
// is then left out instead) or if it was cut or mistyped; invalidConfig for a file that others may read.
run::Result<qi::CapabilityMap> credentialsFor(const localbus::Endpoint& endpoint, const Command& command);

}  // namespace beckon::cli
