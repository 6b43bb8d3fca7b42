#include "fleet/code.hpp"

#include "core/run/base64url.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <vector>

namespace beckon::fleet {
namespace {

using run::Code::invalidArgument;

std::span<const std::uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  for (const auto byte : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

Bytes32 pinBytes(const std::string& hex) {
  Bytes32 out{};
  for (std::size_t i = 0; i < out.size(); ++i) std::from_chars(&hex[2 * i], &hex[2 * i] + 2, out[i], 16);
  return out;
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(mark, begin);
    out.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return out;
    begin = end + 1;
  }
}

}  // namespace

bool isHost(std::string_view host) {
  const bool isBracketed = host.starts_with('[') && host.ends_with(']');
  if (isBracketed) host = host.substr(1, host.size() - 2);
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [isBracketed](unsigned char c) {
    return std::isalnum(c) || c == '.' || (isBracketed ? c == ':' : c == '-');
  });
}

std::string Claim::text() const {
  return "beckon enrolment 0\n" + std::string(fleet::text(kind)) + "\n" + fleet + "\n" + name + "\n" + id + "\n" +
         run::base64url(key) + "\n";
}

Code::Code(Place place, const std::array<std::uint8_t, 16>& secret) : place_(std::move(place)), secret_(secret) {}

Code Code::make(Place place) {
  std::array<std::uint8_t, 16> secret{};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    throw std::runtime_error("the system has no random numbers");
  return {std::move(place), secret};
}

run::Result<Code> Code::parse(std::string_view text) {
  const run::Error wrong{invalidArgument, "this is not an enrolment code",
                         "copy all of it; it looks like relay.example:5443/home/robot/3q2-7w8fT5GJ0aXhVw1zRg"};
  const auto parts = split(text, '/');
  if (parts.size() != 4 && parts.size() != 5) return wrong;
  const auto colon = parts[0].rfind(':');
  if (colon == std::string_view::npos || !isHost(parts[0].substr(0, colon)) || !isName(parts[1])) return wrong;
  Place place;
  place.host = parts[0].substr(0, colon);
  place.fleet = parts[1];
  const auto kind = kindOf(parts[2]);
  if (!kind) return wrong;
  place.kind = *kind;
  const auto port = parts[0].substr(colon + 1);
  const auto [end, problem] = std::from_chars(port.begin(), port.end(), place.port);
  if (problem != std::errc() || end != port.end() || place.port == 0) return wrong;
  const auto secret = run::fromBase64url<16>(parts[3]);
  if (!secret) return wrong;
  if (parts.size() == 5) {
    const auto pin = run::fromBase64url<32>(parts[4]);
    if (!pin) return wrong;
    place.pin = hex(*pin);
  }
  return Code(std::move(place), *secret);
}

std::string Code::text() const {
  const auto pin = place_.pin.empty() ? std::string() : "/" + run::base64url(pinBytes(place_.pin));
  return place_.host + ":" + std::to_string(place_.port) + "/" + place_.fleet + "/" +
         std::string(fleet::text(place_.kind)) + "/" + run::base64url(secret_) + pin;
}

Bytes32 Code::derived(std::string_view purpose) const {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr),
                                                                            &EVP_PKEY_CTX_free);
  Bytes32 out{};
  std::size_t size = out.size();
  const auto label = bytesOf(purpose);
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), secret_.data(), static_cast<int>(secret_.size())) != 1 ||
      EVP_PKEY_CTX_add1_hkdf_info(context.get(), label.data(), static_cast<int>(label.size())) != 1 ||
      EVP_PKEY_derive(context.get(), out.data(), &size) != 1)
    throw std::runtime_error("OpenSSL derives no secret by HKDF");
  return out;
}

Bytes32 Code::ticket() const { return derived("beckon enrolment ticket"); }

Bytes32 Code::hashOf(const Bytes32& ticket) {
  Bytes32 out{};
  EVP_Digest(ticket.data(), ticket.size(), out.data(), nullptr, EVP_sha256(), nullptr);
  return out;
}

Bytes32 Code::sealed(std::string_view text) const {
  const auto seal = derived("beckon enrolment seal");
  Bytes32 out{};
  const auto bytes = bytesOf(text);
  HMAC(EVP_sha256(), seal.data(), static_cast<int>(seal.size()), bytes.data(), bytes.size(), out.data(), nullptr);
  return out;
}

Bytes32 Code::proofOf(const Claim& claim) const { return sealed(claim.text()); }

Bytes32 Code::introductionOf(std::string_view ownerAccount, const run::PublicKey& ownerKey) const {
  return sealed("beckon introduction 0\n" + place_.fleet + "\n" + std::string(ownerAccount) + "\n" +
                run::base64url(ownerKey) + "\n");
}

bool sameBytes(const Bytes32& a, const Bytes32& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace beckon::fleet
