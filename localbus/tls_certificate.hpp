#pragma once

#include <openssl/types.h>

#include <string>

namespace beckon::localbus {

// What a certificate says of itself, as it can be shown: a stranger wrote it. Nothing of it is verified.
struct TlsCertificate {
  std::string names;        // the hosts and addresses that it is for, at most five: "robot.example, 10.0.0.2"
  std::string begin, end;   // "2026-01-31 12:00:00Z"
  std::string fingerprint;  // SHA-256 of its public key (SubjectPublicKeyInfo, DER), 64 small hex digits
  bool isSelfSigned = false;
};
TlsCertificate describe(const X509& certificate);

std::string namesIn(const X509& certificate);
std::string dateText(const ASN1_TIME* time);

}  // namespace beckon::localbus
