#pragma once

#include "core/run/error.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace beckon::xmpp {

// The client's side of SCRAM without channel binding (RFC 5802, RFC 7677), without I/O. The server has to prove that
// it knows the password, too: authenticated means that verify() was content.
class Scram {
 public:
  enum class Hash { sha1, sha256, sha512 };  // from weak to strong

  static std::string_view mechanism(Hash hash);  // "SCRAM-SHA-256"
  static std::optional<Hash> strongest(const std::set<std::string>& offered, Hash weakest);

  // `nonce`: printable, without a comma, never used before. The password is taken as it is (no SASLprep).
  Scram(Hash hash, std::string_view user, std::string password, std::string_view nonce);
  ~Scram();
  Scram(const Scram&) = delete;
  Scram& operator=(const Scram&) = delete;

  std::string first() const;
  // Takes tens of milliseconds: the server says how many iterations.
  run::Result<std::string> respond(std::string_view challenge);
  run::Result<> verify(std::string_view success) const;

 private:
  Hash hash_;
  std::string password_, bareFirst_, nonce_, serverSignature_;
};

}  // namespace beckon::xmpp
