#pragma once

#include "core/run/error.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace beckon::run {

// Ed25519 (RFC 8032).
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

// The private half. Copies share one key; it never leaves its file and the memory of this process.
class PrivateKey {
 public:
  // From a PEM file (PKCS#8, mode 0600). Error invalidConfig if it cannot be read or trusted, or holds something else.
  static Result<PrivateKey> read(const std::filesystem::path& file);
  // A new one, written to a file that is complete or not there. Error invalidConfig if it cannot be.
  static Result<PrivateKey> make(const std::filesystem::path& file);

  const PublicKey& publicKey() const { return publicKey_; }
  Signature sign(std::string_view text) const;

 private:
  explicit PrivateKey(std::shared_ptr<void> key);
  std::shared_ptr<void> key_;  // an EVP_PKEY
  PublicKey publicKey_{};
};

bool isSignedBy(const PublicKey& key, std::string_view text, const Signature& signature);

// SHA-256 of the public key, 64 hex digits.
std::string fingerprint(const PublicKey& key);

}  // namespace beckon::run
