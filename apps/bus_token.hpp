#pragma once

#include "core/qi/capabilities.hpp"
#include "core/run/error.hpp"
#include "localbus/handshake.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace beckon::apps {

// The token by which a bus lets us in, kept in a file, mode 0600: it is in no command line, no log, no configuration. A
// robot may give a new one in place of it ("auth_newToken"); the file then holds that one.
class BusToken {
 public:
  // "-" is standard input. Errors: invalidConfig if it is not there or others can read it; invalidArgument if its first
  // line is no token, or one of Beckon's that was cut or mistyped.
  static run::Result<std::shared_ptr<BusToken>> open(const std::filesystem::path& file, std::string user);

  // As they travel: "auth_token", and "auth_user" where there is a user.
  qi::CapabilityMap credentials() const;
  // Answers a peer that wants more: takes the new token, if it gave one, and comes back with it. Keeps `token` alive.
  static localbus::CredentialSource renewal(std::shared_ptr<BusToken> token);
  // Told when a new token cannot be kept: it is used all the same, but a restart of the program will not know it.
  void onProblem(std::function<void(const run::Error&)> handler) { onProblem_ = std::move(handler); }

 private:
  BusToken(std::filesystem::path file, std::string user, std::string token)
      : file_(std::move(file)), user_(std::move(user)), token_(std::move(token)) {}
  run::Result<> keep(const std::string& token) const;

  std::filesystem::path file_;  // empty: it came by standard input
  std::string user_, token_;
  std::function<void(const run::Error&)> onProblem_;
};

}  // namespace beckon::apps
