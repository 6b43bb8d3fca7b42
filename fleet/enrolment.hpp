#pragma once

#include "fleet/code.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace beckon::fleet {

// Where the relay's service takes requests, by POST.
inline constexpr const char* enrolmentPath = "/beckon/enrolment";

// The two messages of an enrolment over HTTPS (docs/protocol/fleet.md), as JSON.
struct EnrolmentRequest {
  static constexpr int version = 1;

  Bytes32 ticket{};
  Claim claim;
  Bytes32 proof{};             // of the claim, by the code: for the owner
  run::Signature signature{};  // of the claim, by its key

  static EnrolmentRequest make(const Code& code, const std::string& name, const std::string& id,
                               const run::PrivateKey& key);

  std::string json() const;
  // Errors: protocolError for what is malformed; invalidConfig for a version that we do not know, with advice.
  // A claim whose signature does not fit its key is refused as badStatement.
  static run::Result<EnrolmentRequest> read(std::string_view json);
};

struct EnrolmentAnswer {
  std::string account;  // bare JID
  std::string secret;   // the account's password: 256 random bits, base64url
  // The XMPP server; empty host: by DNS.
  std::string host;
  unsigned short port = 0;
  std::string authorities;  // PEM, where the server's certificate needs them; else empty
  std::string relay;        // JID of the component
  // Of the fleet's owner; for the owner itself: its own account and key, without introduction.
  std::string ownerAccount;
  run::PublicKey ownerKey{};
  Bytes32 introduction{};

  std::string json() const;
  // Error protocolError.
  static run::Result<EnrolmentAnswer> read(std::string_view json);
};

// {"error": {"code": ..., "cause": ..., "nextStep": ...}}
std::string errorJson(const run::Error& error);
// The error that a relay answered; protocolError for a text that is none.
run::Error readError(std::string_view json);

}  // namespace beckon::fleet
