#pragma once

#include "apps/tls_options.hpp"
#include "core/run/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace beckon::cli {

enum class Verb { robots, services, info, call, post, get, set, watch, trace, stats, doctor, control };

// A command line, read.
struct Command {
  Verb verb = Verb::robots;
  std::string bus;               // --bus; empty: by XMPP, or `isOnLan`
  bool lan = false;              // --lan: the robots of this network
  std::filesystem::path config;  // --config
  apps::TlsFiles tls;            // for the bus and its services
  std::string tokenFile;         // --token-file, for the same; "-": standard input
  std::string user;              // --user, whose token that is; empty: as if there were one only
  bool json = false;
  bool verbose = false;  // say how the service was reached
  std::chrono::milliseconds time{10'000};
  std::uint64_t count = 0;                    // watch, trace: end after so many lines; 0: never
  std::chrono::milliseconds measured{5'000};  // stats: for so long
  std::string host;                           // doctor: whom to look at
  std::string all;                            // --all: the known robots that match, in place of `robot`
  std::string robot;                          // empty on a bus
  bool isOnLan = false;                       // `robot` is announced in this network, under that name
  std::string service;
  std::string member;
  std::vector<std::string> arguments;  // JSON texts
  std::vector<std::string> program;    // control: what to run while it lasts; empty: nothing
  std::string lease;                   // control: which; empty: list them
  bool asks = false, holds = false;    // control: ask who has it; keep it without a command
};

// What a robot of this network is called at the end, where others have an account or a name for it.
inline constexpr std::string_view lanSuffix = ".local";

// Takes [ROBOT/]SERVICE[.MEMBER] apart, as verb and bus ask for it. Error invalidArgument shows the right form.
// Service names may hold dots: the member is what follows the last one. Of a trace it may be absent.
run::Result<> readPlace(const std::string& place, Command& command);

// Of a command that has its verb, options and arguments: reads the place and says what does not go together. Errors:
// invalidArgument, badArguments.
run::Result<> complete(const std::string& place, Command& command);

}  // namespace beckon::cli
