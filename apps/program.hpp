#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace beckon::apps {

// What the mains have in common: --version, --log-level, --log-format, SIGPIPE ignored (libstrophe writes to sockets
// that the peer has closed), as many open files as the system allows, a wrong command line and whatever ends the
// program reported, and the exit status that goes with it.
class Program {
 public:
  // Both outlive the program. `log` holds what the options leave as it is.
  Program(CLI::App& app, run::LogStyle& log);

  // Reads the command line, then runs `body` unless it was --help or --version. `json`, where given, says once the
  // command line is read whether errors are reported as JSON. Gives the exit status.
  int run(int argc, char** argv, const std::function<run::Result<>()>& body, const bool* json = nullptr);

 private:
  CLI::App& app_;
};

}  // namespace beckon::apps
