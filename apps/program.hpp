#pragma once

#include "core/run/error.hpp"

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace beckon::apps {

// What the mains have in common: --version, --log-level, SIGPIPE ignored (libstrophe writes to sockets that the peer
// has closed), as many open files as the system allows, a wrong command line and whatever ends the program reported,
// and the exit status that goes with it.
class Program {
 public:
  // Both outlive the program. `logLevel` holds the level unless --log-level says otherwise.
  Program(CLI::App& app, std::string& logLevel);

  // Reads the command line, then runs `body` unless it was --help or --version. `json`, where given, says once the
  // command line is read whether errors are reported as JSON. Gives the exit status.
  int run(int argc, char** argv, const std::function<run::Result<>()>& body, const bool* json = nullptr);

 private:
  CLI::App& app_;
};

}  // namespace beckon::apps
