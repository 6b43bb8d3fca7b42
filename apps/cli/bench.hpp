#pragma once

#include "apps/bench/fleet_bench.hpp"
#include "core/run/error.hpp"
#include "core/run/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>

namespace CLI {
class App;
}

// beckon bench fleet: as many robots as wanted, to see what a server and a relay do with them.
namespace beckon::cli {

struct BenchCommand {
  bool isAsked = false;
  bool json = false;
  bool isBare = false;
  bool stays = false;                                        // the robots stay online until standard input ends
  std::filesystem::path config;                              // of the owner's device
  std::filesystem::path password;                            // a file (mode 0600) with the one of all robots
  std::filesystem::path statements;                          // a file; empty: no robot was there before
  double spread = 10, idle = 20, asking = 5, longest = 600;  // seconds
  bench::FleetOptions options;
};

void addBenchVerb(CLI::App& app, BenchCommand& command);
// Prints the figures. Errors: those of measureFleet(); invalidConfig; invalidArgument: there cannot be so many.
boost::asio::awaitable<run::Result<>> benchFleet(boost::asio::io_context& io, BenchCommand command, run::Log log);

}  // namespace beckon::cli
