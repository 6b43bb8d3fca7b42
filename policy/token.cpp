#include "policy/token.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace beckon::policy {
namespace {

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t checkBytes = 3;
constexpr std::size_t packedSize = std::tuple_size_v<TokenSecret> + checkBytes;  // 280 bits: no digit is half used
constexpr std::size_t digits = packedSize * 8 / 5;
using Packed = std::array<std::uint8_t, packedSize>;

TokenHash sha256(const void* bytes, std::size_t size) {
  TokenHash out{};
  if (EVP_Digest(bytes, size, out.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("no SHA-256 can be made");
  return out;
}

Packed pack(const TokenSecret& secret) {
  Packed out{};
  std::copy(secret.begin(), secret.end(), out.begin());
  const auto hash = sha256(secret.data(), secret.size());
  std::copy_n(hash.begin(), checkBytes, out.begin() + secret.size());
  return out;
}

std::optional<Packed> unpack(std::string_view text) {
  Packed out{};
  std::size_t at = 0;
  unsigned held = 0, bits = 0;
  for (const char digit : text) {
    const auto value = alphabet.find(digit);
    if (value == std::string_view::npos) return {};
    held = (held << 5 | static_cast<unsigned>(value)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out[at++] = static_cast<std::uint8_t>(held >> bits);
  }
  return out;
}

}  // namespace

std::string tokenText(const TokenSecret& secret) {
  std::string out(tokenPrefix);
  unsigned held = 0, bits = 0;
  for (const auto byte : pack(secret)) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet[held >> (bits - 5) & 31];
  }
  return out;
}

TokenSecret randomSecret() {
  TokenSecret secret;
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    throw std::runtime_error("the system gives no random numbers");
  return secret;
}

std::string randomTokenText() { return tokenText(randomSecret()); }

std::optional<TokenHash> tokenHash(std::string_view text) {
  if (text.size() != tokenPrefix.size() + digits || !text.starts_with(tokenPrefix)) return {};
  const auto packed = unpack(text.substr(tokenPrefix.size()));
  if (!packed) return {};
  TokenSecret secret;
  std::copy_n(packed->begin(), secret.size(), secret.begin());
  if (pack(secret) != *packed) return {};
  return sha256(text.data(), text.size());
}

WallTime wallClock() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

TokenState stateOf(const Token& token, WallTime now) {
  if (token.revoked) return TokenState::revoked;
  if (!token.end) return TokenState::valid;
  if (!isSet(now)) return TokenState::clockNotSet;
  return now < *token.end ? TokenState::valid : TokenState::expired;
}

std::string_view stateReason(TokenState state) {
  switch (state) {
    case TokenState::valid:
      return "";
    case TokenState::revoked:
      return "the token was revoked";
    case TokenState::expired:
      return "the token has expired";
    case TokenState::clockNotSet:
      return "the robot's clock is not set, so that a token with an end cannot be judged";
  }
  return "";
}

bool isTokenName(std::string_view name) {
  const auto isPart = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '.' || letter == '_' || letter == '-';
  };
  return !name.empty() && name.size() <= 64 && !name.starts_with(tokenPrefix) &&
         std::all_of(name.begin(), name.end(), isPart);
}

}  // namespace beckon::policy
