#pragma once

#include "core/run/error.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

// beckon policy check | show | explain | migrate: of files, without a robot. Each prints facts on standard output.
namespace beckon::cli {

struct PolicyCommand {
  enum class Verb { check, show, explain, migrate };
  Verb verb = Verb::check;
  std::filesystem::path file = "policy.toml";  // of migrate: beckond's configuration
  std::string who;
  std::vector<std::string> what;  // "call" "Motion.moveTo", or both in one
  std::string door = "iq";
  std::vector<std::string> roles;  // that the credential of `who` carries
  std::size_t payload = 0;
  bool json = false;
};

// Errors: invalidConfig for a file that is refused, all its faults printed; of explain what the door would answer
// (refused, notNow, tooLarge), and invalidArgument.
run::Result<> policy(const PolicyCommand& command);

}  // namespace beckon::cli
