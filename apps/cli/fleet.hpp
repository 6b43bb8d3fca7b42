#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

// The verbs `enroll` and `fleet`: how this device joins a fleet, and what its owner does with it.
namespace beckon::cli {

struct FleetCommand {
  enum class Action { none, enroll, list, code, show, revoke, transfer };
  Action action = Action::none;
  std::string code;              // enroll, transfer: the code; "-": the first line of standard input
  std::string name;              // of whom; enroll: as which
  std::string nameThere;         // transfer: as which; empty: the same name
  std::string lifetime = "10m";  // code
  bool isForPerson = false;      // code: not for a robot
  bool isAgain = false;          // enroll: in the place of what was enrolled here before
  bool waits = true;             // code, enroll: until it was used, to sign
  std::filesystem::path config;
  bool json = false;
};

// Adds the verbs; after parsing, `command.action` is none unless one of them was asked for. `command` outlives `app`.
void addFleetVerbs(CLI::App& app, FleetCommand& command);

// Does it and prints it. A code is all that goes to standard output of `code`. Errors: those of apps::enrol,
// remote::Remote and remote::Owner; invalidArgument.
boost::asio::awaitable<run::Result<>> manageFleet(boost::asio::io_context& io, FleetCommand command, run::Log log);

}  // namespace beckon::cli
