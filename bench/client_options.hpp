#pragma once

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <string>

// The command line that every bench client has, whatever it is written on. In C++17: libqi's uses it as well.
namespace beckon::bench {

struct ClientOptions {
  std::string url, mode;
  int count = 0;        // of what the mode counts
  int outstanding = 0;  // calls at a time
  int size = 0;         // bytes of an argument
  int threads = 24;
  int subscribers = 1;
  int batch = 1000;  // ticks that one call of fire() asks for
  int idle = 0;      // further connections that are open and do nothing
  bool json = false;
};

struct Mode {
  const char* what;
  int count, outstanding, size;  // unless the command line says otherwise
};

inline const std::map<std::string, Mode>& modes() {
  static const std::map<std::string, Mode> all{
      {"lat", {"echo(i)i of Bench, one call after another", 5000, 1, 0}},
      {"latst", {"the same of BenchST, which runs on one thread", 5000, 1, 0}},
      {"latstr", {"echoStr(s)s", 5000, 1, 100}},
      {"async", {"echo(i)i, many at a time", 200'000, 256, 0}},
      {"threads", {"echo(i)i, from threads that share a session and wait for each answer", 20'000, 1, 0}},
      {"events", {"tick(i), fired in batches", 500'000, 2, 0}},
      {"raw", {"sink(r)i: bytes one way", 400, 4, 1'000'000}},
      {"echoraw", {"echoRaw(r)r: bytes there and back", 200, 1, 1'000'000}},
      {"conns", {"connections that are opened, authenticated and kept", 500, 1, 0}},
      {"sessions", {"sessions that are connected and closed", 200, 1, 0}},
      {"register", {"services registered one after another", 1000, 1, 0}},
      {"services", {"lists of all services, with --size registered before", 50, 1, 1000}},
  };
  return all;
}

// False: the program ends with `code`, and has said why.
inline bool parseClient(int argc, char** argv, const std::string& name, ClientOptions& options, int& code) {
  CLI::App app{name + ": measures a bench server. One line a run; latencies and processor time in us.", name};
  std::string footer = "Modes:\n";
  for (const auto& [mode, about] : modes())
    footer += "  " + mode + std::string(12 - mode.size(), ' ') + about.what + "\n";
  app.footer(footer + "Exit codes: 0 measured, 1 failed, 2 wrong usage.");
  app.add_option("url", options.url, "Where the server listens")->required();
  app.add_option("mode", options.mode, "What to measure")->required();
  const auto number = [&app](const char* option, int& value, const char* what, int most) {
    return app.add_option(option, value, what)->check(CLI::Range(0, most));
  };
  const auto* count =
      number("--count", options.count, "How many calls, events, connections ... to measure", 100'000'000);
  const auto* outstanding = number("--outstanding", options.outstanding, "Calls (events: batches) at a time", 100'000);
  const auto* size = number("--size", options.size, "Bytes of the argument (services: how many)", 60'000'000);
  number("--threads", options.threads, "For threads", 1000)->capture_default_str();
  number("--subscribers", options.subscribers, "For events: connections that subscribe", 10'000)->capture_default_str();
  number("--batch", options.batch, "For events: ticks in a batch", 1'000'000)->capture_default_str();
  number("--idle", options.idle, "Connections that are open meanwhile and do nothing", 10'000)->capture_default_str();
  app.add_flag("--json", options.json, "An object instead of text");
  const auto refuse = [&](const std::string& why) {
    std::fprintf(stderr, "%s: %s\nnext: see %s --help\n", name.c_str(), why.c_str(), name.c_str());
    code = 2;
    return false;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return refuse(error.what());
    code = app.exit(error);
    return false;
  }
  const auto mode = modes().find(options.mode);
  if (mode == modes().end()) return refuse("there is no mode \"" + options.mode + "\"");
  if (count->count() == 0) options.count = mode->second.count;
  if (outstanding->count() == 0) options.outstanding = mode->second.outstanding;
  if (size->count() == 0) options.size = mode->second.size;
  if (options.count == 0 || options.outstanding == 0 || options.threads == 0 || options.subscribers == 0 ||
      options.batch == 0)
    return refuse("--count, --outstanding, --threads, --subscribers and --batch are at least 1");
  return true;
}

}  // namespace beckon::bench
