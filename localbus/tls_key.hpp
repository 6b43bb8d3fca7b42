#pragma once

#include "core/run/error.hpp"

#include <openssl/types.h>

#include <string>
#include <string_view>

// Keys instead of names and authorities: who has no authority that both know is known by his key.
namespace beckon::localbus {

// SHA-256 of the certificate's public key (SubjectPublicKeyInfo, DER), 64 small hex digits: the same for every
// certificate of that key.
std::string keyFingerprint(const X509& certificate);

// What a user writes, "SHA256:" and 64 hex digits, as keyFingerprint() tells it. Error invalidArgument.
run::Result<std::string> readFingerprint(std::string_view text);

// From now on servers that `context` dials need this key and nothing else: no name, no authority, no date.
void acceptOnly(const std::string& fingerprint, SSL_CTX& context);

}  // namespace beckon::localbus
