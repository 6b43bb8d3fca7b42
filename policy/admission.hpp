#pragma once

#include "policy/guesses.hpp"
#include "policy/live_tokens.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::policy {

// What somebody at a door shows of himself.
struct Credentials {
  std::string_view token;    // "auth_token" of a qi client; empty: none. Its "auth_user" may be anything
  std::string_view key;      // "SHA256:" and 64 small hex digits of a TLS client's key, which is proved. Empty: none
  std::string_view address;  // whose guesses these are, as the door counts addresses (IPv6: one /64)
};

// Who that is.
struct Admitted {
  std::string principal;           // "token:NAME" or "key:SHA256:.."
  std::vector<std::string> roles;  // that the token carries
  std::int64_t token = 0;          // its number, to know it again when it ends (LiveTokens::Ended); 0: came by a key
};

// Who may enter by a door with a network on the other side. What he may do there the policy says. Anonymous peers
// never; a token decides if there is one, else the key if the policy knows it. Lives on one executor.
class Admission {
 public:
  // Whether the policy grants that principal anything: of strangers' keys anybody can make as many as he likes.
  using KnowsKey = std::function<bool(const std::string& principal)>;
  using SteadyClock = std::function<Guesses::Time()>;

  // `tokens` outlives it.
  Admission(
      LiveTokens& tokens, KnowsKey knowsKey, run::Log log,
      SteadyClock clock = [] { return std::chrono::steady_clock::now(); });

  // Errors: notAuthenticated; overloaded for an address that has guessed too often, whatever it shows now;
  // invalidConfig where the robot cannot read its tokens. The causes are what programs are told (docs/protocol/qi.md).
  run::Result<Admitted> admit(const Credentials& credentials);

 private:
  run::Result<Admitted> byToken(const Credentials& credentials);

  LiveTokens& tokens_;
  KnowsKey knowsKey_;
  run::Log log_;
  SteadyClock clock_;
  Guesses guesses_;
};

}  // namespace beckon::policy
