#include "localbus/tls_key.hpp"

#include "localbus/tls_error.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace beckon::localbus {

using run::Code;
using run::Error;

namespace {

constexpr std::size_t digits = 64;

int pinIndex() {
  const auto forget = [](void*, void* pin, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<std::string*>(pin);
  };
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, forget);
  return index;
}

// In place of OpenSSL's verification.
int verifyPin(X509_STORE_CTX* store, void*) {
  const auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* const pin = static_cast<std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), pinIndex()));
  const X509* const certificate = X509_STORE_CTX_get0_cert(store);
  const auto shown = certificate ? keyFingerprint(*certificate) : std::string();
  if (pin && shown == *pin) return 1;
  auto* const peer = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  peer->rejection = Error{Code::badCertificate, peer->name + " has the key SHA256:" + shown + ", another one is pinned",
                          "compare with what the robot shows at its start; if they differ, somebody stands in between"};
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

}  // namespace

std::string keyFingerprint(const X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
  if (size <= 0) return {};
  std::array<unsigned char, 32> hash{};
  const bool isHashed =
      EVP_Digest(der, static_cast<std::size_t>(size), hash.data(), nullptr, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(der);
  if (!isHashed) return {};
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const auto byte : hash) out.append({hex[byte >> 4], hex[byte & 15]});
  return out;
}

run::Result<std::string> readFingerprint(std::string_view text) {
  constexpr std::string_view begin = "SHA256:";
  const auto given = text.starts_with(begin) ? text.substr(begin.size()) : std::string_view();
  std::string out(given);
  for (auto& digit : out)
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  const auto isHex = [](char digit) { return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'); };
  if (given.size() == digits && std::ranges::all_of(out, isHex)) return out;
  return Error{Code::invalidArgument, "\"" + std::string(text.substr(0, 100)) + "\" is not the fingerprint of a key",
               "write SHA256: and 64 hex digits, as the robot shows it at its start"};
}

void acceptOnly(const std::string& fingerprint, SSL_CTX& context) {
  auto pin = std::make_unique<std::string>(fingerprint);
  if (SSL_CTX_set_ex_data(&context, pinIndex(), pin.get()) != 1) throw std::bad_alloc();
  pin.release();
  SSL_CTX_set_cert_verify_callback(&context, &verifyPin, nullptr);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
}

}  // namespace beckon::localbus
