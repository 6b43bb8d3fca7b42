#pragma once

#include "core/run/error.hpp"
#include "core/run/key.hpp"

#include <filesystem>
#include <string>

namespace beckon::run {

// Who a principal is beyond its XMPP account: an id and an Ed25519 key, both made at the first start where the
// principal lives. The private key never leaves its file.
struct Identity {
  std::string id;  // a UUID
  PrivateKey key;
};

inline constexpr const char* keyFileName = "key.pem";

// Reads `folder`/id and `folder`/key.pem (PKCS#8, mode 0600), or makes the folder (mode 0700) and both.
// Error invalidConfig if they cannot be read, made or trusted (a key that others may read).
Result<Identity> loadIdentity(const std::filesystem::path& folder);

}  // namespace beckon::run
