#pragma once

#include "core/run/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace CLI {
class App;
}

// beckon audit tail | query | verify: of the folder in which a robot keeps its record, while beckond runs or not.
namespace beckon::cli {

struct AuditCommand {
  enum class Action { none, tail, query, verify };
  Action action = Action::none;
  std::filesystem::path folder = "state/audit";
  std::uint64_t count = 10;  // tail: so many entries
  bool follows = false;      // tail: and those that come
  std::string who, what, on, outcome, door, since, until;
  std::string holds;  // verify: "NUMBER:SHA256" that the chain is to hold
  bool json = false;
};

void addAuditVerb(CLI::App& app, AuditCommand& command);
// Prints facts on standard output. `isSound`: false if a record does not verify. Errors: invalidArgument,
// invalidConfig.
run::Result<> audit(const AuditCommand& command, bool& isSound);

}  // namespace beckon::cli
