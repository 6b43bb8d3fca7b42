#pragma once

#include "core/run/error.hpp"

#include <filesystem>

namespace CLI {
class App;
}

// beckon bugreport: on the robot, what somebody else needs to see to find out what is wrong with it.
namespace beckon::cli {

struct BugreportCommand {
  bool isAsked = false;
  std::filesystem::path config = "robot.toml";  // beckond's
  std::filesystem::path out;                    // empty: a name with the time
};

void addBugreportVerb(CLI::App& app, BugreportCommand& command);
// Writes a file of mode 0600 that was not there before, and prints its name. What cannot be found out stands in it as
// such. Secrets do not: neither those of the files that the configuration names, nor what looks like one. Errors:
// invalidArgument, invalidConfig where it cannot be written.
run::Result<> bugreport(const BugreportCommand& command);

}  // namespace beckon::cli
