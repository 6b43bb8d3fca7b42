#pragma once

#include "core/run/error.hpp"
#include "core/run/key.hpp"
#include "fleet/statement.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace beckon::fleet {

using Bytes32 = std::array<std::uint8_t, 32>;

// What a principal says of itself when it enrols, as its own key signs it and the code seals it.
struct Claim {
  Kind kind = Kind::robot;
  std::string fleet, name;  // isName()
  std::string id;           // run::Identity::id
  run::PublicKey key{};

  std::string text() const;  // canonical; what is signed and sealed
};

// A host name, an IPv4 address, or an IPv6 address in brackets.
bool isHost(std::string_view host);

// The one-time code that enrols a principal, as its owner's device makes it:
//
//   relay.robots.example:5443/home/robot/3q2-7w8fT5GJ0aXhVw1zRg[/PIN]
//   where to, HOST:PORT       fleet kind 16 random bytes        SHA-256 of the service's key, where no authority
//   vouches
//
// From the 128 random bits come two secrets (HKDF, RFC 5869). The `ticket` is shown to the relay, which keeps its hash;
// the `seal` is shown to nobody: owner and principal, who both have the code, prove to each other by it what passes
// through the relay. So the relay lets in, and cannot put a key of its own in the place of either's.
class Code {
 public:
  struct Place {
    std::string host;
    unsigned short port = 0;
    std::string fleet;
    Kind kind = Kind::robot;  // who may use it
    std::string pin;          // 64 hex digits; empty: the certificate must verify
  };

  static Code make(Place place);  // from the system's random numbers
  // Error invalidArgument says what a code looks like, and does not repeat the text.
  static run::Result<Code> parse(std::string_view text);

  std::string text() const;
  const Place& place() const { return place_; }

  Bytes32 ticket() const;
  static Bytes32 hashOf(const Bytes32& ticket);  // SHA-256: what the relay keeps
  // HMAC-SHA-256 under the seal. Compare with sameBytes().
  Bytes32 proofOf(const Claim& claim) const;
  Bytes32 introductionOf(std::string_view ownerAccount, const run::PublicKey& ownerKey) const;

 private:
  Code(Place place, const std::array<std::uint8_t, 16>& secret);
  Bytes32 derived(std::string_view purpose) const;
  Bytes32 sealed(std::string_view text) const;

  Place place_;
  std::array<std::uint8_t, 16> secret_;
};

bool sameBytes(const Bytes32& a, const Bytes32& b);  // in constant time

}  // namespace beckon::fleet
