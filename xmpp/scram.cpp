#include "xmpp/scram.hpp"

#include "core/qi/json_text.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace beckon::xmpp {
namespace {

// RFC 7677 section 4 asks for at least 4096. The upper bound keeps a hostile server from holding the thread:
// a million rounds of SHA-512 take about a second on a small machine.
constexpr int fewestIterations = 4096, mostIterations = 1'000'000;
constexpr std::string_view header = "n,,";  // no channel binding, no other authorisation identity

const EVP_MD* digest(Scram::Hash hash) {
  switch (hash) {
    case Scram::Hash::sha1:
      return EVP_sha1();
    case Scram::Hash::sha256:
      return EVP_sha256();
    default:
      return EVP_sha512();
  }
}

std::string hmac(const EVP_MD* md, std::string_view key, std::string_view text) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  HMAC(md, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

std::string hashed(const EVP_MD* md, std::string_view text) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, md, nullptr);
  return out;
}

std::string base64(std::string_view bytes) {
  return qi::toBase64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// The value of `key` ("r=") where it is the next attribute; moves on behind it.
std::optional<std::string_view> take(std::string_view& message, std::string_view key) {
  if (!message.starts_with(key)) return std::nullopt;
  const auto end = std::min(message.find(','), message.size());
  const auto value = message.substr(key.size(), end - key.size());
  message.remove_prefix(std::min(end + 1, message.size()));
  return value;
}

run::Error untrue(std::string_view what) {
  return {run::Code::protocolError, "the server's SCRAM message is wrong: " + std::string(what),
          "check that it is an XMPP server, and its log"};
}

}  // namespace

std::string_view Scram::mechanism(Hash hash) {
  constexpr std::array<std::string_view, 3> names{"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
  return names[static_cast<std::size_t>(hash)];
}

std::optional<Scram::Hash> Scram::strongest(const std::set<std::string>& offered, Hash weakest) {
  for (const auto hash : {Hash::sha512, Hash::sha256, Hash::sha1})
    if (hash >= weakest && offered.contains(std::string(mechanism(hash)))) return hash;
  return std::nullopt;
}

Scram::Scram(Hash hash, std::string_view user, std::string password, std::string_view nonce)
    : hash_(hash), password_(std::move(password)), nonce_(nonce) {
  bareFirst_ = "n=";
  for (const char c : user) bareFirst_ += c == '=' ? "=3D" : c == ',' ? "=2C" : std::string(1, c);
  bareFirst_ += ",r=" + nonce_;
}

Scram::~Scram() { OPENSSL_cleanse(password_.data(), password_.size()); }

std::string Scram::first() const { return std::string(header) + bareFirst_; }

run::Result<std::string> Scram::respond(std::string_view challenge) {
  auto rest = challenge;
  const auto nonce = take(rest, "r=");
  if (!nonce || !nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) return untrue("not our nonce");
  const auto saltText = take(rest, "s=");
  const auto salt = saltText ? qi::fromBase64(*saltText) : std::nullopt;
  if (!salt || salt->empty()) return untrue("no salt");
  const auto count = take(rest, "i=");
  int iterations = 0;
  if (!count || std::from_chars(count->begin(), count->end(), iterations).ec != std::errc() ||
      iterations < fewestIterations || iterations > mostIterations)
    return untrue("its iteration count is not between 4096 and 1000000");

  const auto* md = digest(hash_);
  std::string salted(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()), salt->data(), static_cast<int>(salt->size()),
                    iterations, md, static_cast<int>(salted.size()), reinterpret_cast<unsigned char*>(salted.data()));

  const auto withoutProof = "c=" + base64(header) + ",r=" + std::string(*nonce);
  const auto exchange = bareFirst_ + "," + std::string(challenge) + "," + withoutProof;
  auto proof = hmac(md, salted, "Client Key");
  const auto signature = hmac(md, hashed(md, proof), exchange);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  serverSignature_ = base64(hmac(md, hmac(md, salted, "Server Key"), exchange));
  OPENSSL_cleanse(salted.data(), salted.size());
  return withoutProof + ",p=" + base64(proof);
}

run::Result<> Scram::verify(std::string_view success) const {
  const auto signature = take(success, "v=");
  if (serverSignature_.empty() || !signature || signature->size() != serverSignature_.size() ||
      CRYPTO_memcmp(signature->data(), serverSignature_.data(), serverSignature_.size()) != 0)
    return run::Error{run::Code::notAuthenticated, "the server did not prove that it knows the password",
                      "somebody may stand between you and the server: check its address and certificate"};
  return {};
}

}  // namespace beckon::xmpp
