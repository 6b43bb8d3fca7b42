#include "apps/cli/token_file.hpp"

#include <cstdlib>

namespace beckon::cli {

using run::Code;
using run::Error;

namespace {

// A qi client names a user, whoever the token stands for.
constexpr const char* anyUser = "beckon";

}  // namespace

std::string tokenFileOf(const Command& command) {
  const char* usual = std::getenv("BECKON_TOKEN_FILE");
  return !command.tokenFile.empty() ? command.tokenFile : std::string(usual ? usual : "");
}

run::Result<std::shared_ptr<apps::BusToken>> openToken(const std::string& file, const Command& command) {
  return apps::BusToken::open(file, command.user.empty() ? anyUser : command.user);
}

run::Result<std::shared_ptr<apps::BusToken>> tokenFor(const localbus::Endpoint& endpoint, const Command& command) {
  const auto file = tokenFileOf(command);
  if (file.empty()) return std::shared_ptr<apps::BusToken>();
  if (!endpoint.isTls() && !endpoint.isUnix()) {
    if (command.tokenFile.empty()) return std::shared_ptr<apps::BusToken>();
    return Error{Code::invalidArgument, "everybody on the way could read the token at " + endpoint.url(),
                 "use an address with TLS, tcps://HOST:PORT"};
  }
  return openToken(file, command);
}

}  // namespace beckon::cli
