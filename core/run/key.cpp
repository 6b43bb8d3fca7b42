#include "core/run/key.hpp"

#include "core/run/private_file.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

namespace beckon::run {
namespace {

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;
using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
Error unusable(const std::string& what, const std::string& next) { return {Code::invalidConfig, what, next}; }

}  // namespace

PrivateKey::PrivateKey(std::shared_ptr<void> key) : key_(std::move(key)) {
  std::size_t size = publicKey_.size();
  if (EVP_PKEY_get_raw_public_key(static_cast<EVP_PKEY*>(key_.get()), publicKey_.data(), &size) != 1)
    throw std::runtime_error("OpenSSL gives no public half of an Ed25519 key");
}

Result<PrivateKey> PrivateKey::read(const std::filesystem::path& path) {
  if (auto exposed = exposure(path)) return std::move(*exposed);
  const File file(std::fopen(path.c_str(), "r"), &std::fclose);
  if (!file) return unusable("cannot read " + path.string(), "check who owns it");
  // Without a function of its own, OpenSSL asks the terminal for the passphrase of a key that has one.
  const auto noPassphrase = [](char*, int, int, void*) { return -1; };
  const std::shared_ptr<EVP_PKEY> key(PEM_read_PrivateKey(file.get(), nullptr, noPassphrase, nullptr), &EVP_PKEY_free);
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519)
    return unusable(path.string() + " does not hold an Ed25519 key",
                    "restore it from a backup; removing it makes a new identity");
  return PrivateKey(key);
}

Result<PrivateKey> PrivateKey::make(const std::filesystem::path& path) {
  const std::shared_ptr<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  // Complete or not there at all: written aside, then renamed.
  const auto draft = path.string() + ".new";
  ::unlink(draft.c_str());  // one that was left behind keeps the mode that it has
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  File file(descriptor < 0 ? nullptr : ::fdopen(descriptor, "w"), &std::fclose);
  if (!key || !file || !PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ||
      std::fflush(file.get()) != 0 || ::fsync(descriptor) != 0 || ::rename(draft.c_str(), path.c_str()) != 0)
    return unusable("cannot write " + path.string(), "make the folder writable");
  return PrivateKey(key);
}

Signature PrivateKey::sign(std::string_view text) const {
  Signature out{};
  std::size_t size = out.size();
  const Digest context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, static_cast<EVP_PKEY*>(key_.get())) != 1 ||
      EVP_DigestSign(context.get(), out.data(), &size, bytes(text), text.size()) != 1)
    throw std::runtime_error("OpenSSL does not sign with an Ed25519 key");
  return out;
}

bool isSignedBy(const PublicKey& key, std::string_view text, const Signature& signature) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> known(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()), &EVP_PKEY_free);
  const Digest context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return known && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, known.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes(text), text.size()) == 1;
}

std::string fingerprint(const PublicKey& key) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) {
    constexpr const char* digits = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

}  // namespace beckon::run
