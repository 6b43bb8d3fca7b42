#pragma once

#include "core/run/error.hpp"
#include "policy/token.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

// The verb `token`: the tokens of the robot on which it runs. It changes the store that beckond reads, so that beckond
// need not run, or knows within a second.
namespace beckon::cli {

struct TokenCommand {
  enum class Action { none, create, list, revoke };
  Action action = Action::none;
  std::string name, role;
  std::string lifetime;  // "7d"; empty: until it is revoked
  std::filesystem::path state = "state";
  std::filesystem::path policy;  // empty: policy.toml beside `state`, if it is there
  bool json = false;
};

// Adds the verb; after parsing, `command.action` is none unless it was asked for. `command` outlives `app`.
void addTokenVerb(CLI::App& app, TokenCommand& command);

// Does it and prints it. The text of a created token is all that `create` prints on standard output, once; what else is
// to be known goes to standard error. Errors: those of policy::Tokens; invalidArgument.
// `rest`: words of the command line that nobody has taken; there should be none.
run::Result<> manageTokens(const TokenCommand& command, const std::vector<std::string>& rest, policy::WallTime now);

// "30s", "90min", "12h", "7d", "4w": a whole number and a unit, ten years at most. Error invalidArgument.
run::Result<std::chrono::seconds> readLifetime(std::string_view text);

// "2026-11-29 14:00:00 UTC".
std::string utcText(policy::WallTime time);

}  // namespace beckon::cli
