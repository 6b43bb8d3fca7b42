#include "apps/cli/token_file.hpp"

#include "core/qi/convert.hpp"
#include "core/run/private_file.hpp"
#include "policy/token.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace beckon::cli {

using run::Code;
using run::Error;
using run::Result;

namespace {

// Above any token's length by far.
constexpr std::size_t longest = 4096;

Result<std::string> read(const std::string& file) {
  if (file == "-") {
    std::string out;
    std::getline(std::cin, out);
    return out;
  }
  if (auto exposed = run::exposure(file)) return std::move(*exposed);
  std::ifstream in(file);
  std::string out;
  if (!std::getline(in, out) && !in.eof())
    return Error{Code::invalidConfig, "cannot read " + file, "check its name, and who owns it"};
  return out;
}

Result<std::string> token(const std::string& file) {
  auto text = read(file);
  if (!text) return text;
  if (text->ends_with('\r')) text->pop_back();
  const auto name = file == "-" ? std::string("standard input") : file;
  if (text->empty() || text->size() > longest)
    return Error{Code::invalidArgument, name + " holds no token", "its first line is the token and nothing else"};
  // Another robot's software may have tokens of another form; of ours it can be told here.
  if (text->starts_with(policy::tokenPrefix) && !policy::tokenHash(*text))
    return Error{Code::invalidArgument, "the token in " + name + " was cut or mistyped",
                 "copy it again, the whole line"};
  return text;
}

}  // namespace

Result<qi::CapabilityMap> credentialsFor(const localbus::Endpoint& endpoint, const Command& command) {
  const char* usual = std::getenv("BECKON_TOKEN_FILE");
  const auto file = !command.tokenFile.empty() ? command.tokenFile : std::string(usual ? usual : "");
  if (file.empty()) return qi::CapabilityMap();
  if (!endpoint.isTls() && !endpoint.isUnix()) {
    if (command.tokenFile.empty()) return qi::CapabilityMap();
    return Error{Code::invalidArgument, "everybody on the way could read the token at " + endpoint.url(),
                 "use an address with TLS, tcps://HOST:PORT"};
  }
  const auto text = token(file);
  if (!text) return text.error();
  return qi::CapabilityMap{{"auth_user", qi::dynamic(std::string("beckon"))}, {"auth_token", qi::dynamic(*text)}};
}

}  // namespace beckon::cli
