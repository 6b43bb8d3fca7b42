#include "localbus/tls_context.hpp"

#include "core/run/private_file.hpp"
#include "localbus/tls_error.hpp"
#include "localbus/tls_key.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>

namespace beckon::localbus {
namespace {

using run::Code;
using run::Error;
using Path = std::filesystem::path;

// TLS 1.2 with forward secrecy and authenticated encryption only (RFC 9325 section 4.2). All of TLS 1.3 is that.
constexpr const char* ciphersOf12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
// OpenSSL's scale: 112 bits. RSA and DH from 2048 bits, no SHA-1. Distributions set 1 or 2 by default.
constexpr int securityLevel = 2;

Error unusable(const std::string& what, const std::string& next) { return {Code::invalidConfig, what, next}; }

run::Result<> readable(const Path& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen(file.c_str(), "r"), &std::fclose);
  if (!opened)
    return unusable("cannot read " + file.string() + ": " + std::strerror(errno), "check its name and owner");
  return {};
}

std::shared_ptr<SSL_CTX> newContext(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), ciphersOf12);
  SSL_CTX_set_security_level(context.get(), securityLevel);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // An idle connection gives back its two buffers of about 17 kB each.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  // Without a function of its own, OpenSSL asks the terminal for the passphrase of a file that has one.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return -1; });
  return context;
}

run::Result<> use(SSL_CTX* context, const TlsKeyPair& own) {
  if (auto found = readable(own.certificate); !found) return found;
  if (SSL_CTX_use_certificate_chain_file(context, own.certificate.c_str()) != 1)
    return unusable(own.certificate.string() + " holds no certificate that can be used (" + lastTlsReason() + ")",
                    "it must be PEM, its key at least 2048 bits of RSA or 224 of an elliptic curve");
  if (auto exposed = run::exposure(own.key)) return std::move(*exposed);
  if (auto found = readable(own.key); !found) return found;
  const bool taken = SSL_CTX_use_PrivateKey_file(context, own.key.c_str(), SSL_FILETYPE_PEM) == 1;
  const int reason = ERR_GET_REASON(ERR_peek_error());
  if (!taken && reason != X509_R_KEY_VALUES_MISMATCH && reason != X509_R_KEY_TYPE_MISMATCH)
    return unusable(own.key.string() + " holds no private key that can be used (" + lastTlsReason() + ")",
                    "it must be PEM without a passphrase: openssl pkey -in " + own.key.string() + " removes one");
  if (!taken || SSL_CTX_check_private_key(context) != 1)
    return unusable(own.key.string() + " is not the key of " + own.certificate.string(),
                    "give the key that the certificate was made for");
  return {};
}

run::Result<> trust(SSL_CTX* context, const Path& authorities) {
  if (auto found = readable(authorities); !found) return found;
  if (SSL_CTX_load_verify_file(context, authorities.c_str()) != 1)
    return unusable(authorities.string() + " holds no certificate of an authority (" + lastTlsReason() + ")",
                    "it must be PEM, one certificate after the other");
  return {};
}

}  // namespace

run::Result<TlsContext> TlsContext::server(const ServerOptions& options) {
  ERR_clear_error();
  auto context = newContext(TLS_server_method());
  if (const auto done = use(context.get(), options.own); !done) return done.error();
  if (options.clientAuthorities) {
    if (const auto done = trust(context.get(), *options.clientAuthorities); !done) return done.error();
    // Tells clients which of their certificates to show.
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(options.clientAuthorities->c_str()));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &noteRejection);
  } else if (options.asksForKeys) {
    // TLS itself verifies that the client has the key.
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  }
  return TlsContext(std::move(context), true);
}

run::Result<TlsContext> TlsContext::client(const ClientOptions& options) {
  ERR_clear_error();
  auto context = newContext(TLS_client_method());
  if (options.own)
    if (const auto done = use(context.get(), *options.own); !done) return done.error();
  if (!options.pin.empty()) {
    acceptOnly(options.pin, *context);
    return TlsContext(std::move(context), false);
  }
  if (options.authorities) {
    if (const auto done = trust(context.get(), *options.authorities); !done) return done.error();
  }
  if (!options.authorities || options.andSystem) SSL_CTX_set_default_verify_paths(context.get());
  if (options.verify) SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, &noteRejection);
  return TlsContext(std::move(context), false);
}

std::string TlsContext::ownKey() const {
  const X509* const certificate = SSL_CTX_get0_certificate(handle_.get());
  return certificate ? keyFingerprint(*certificate) : std::string();
}

// A server that only asks takes any.
bool TlsContext::verifies() const {
  return SSL_CTX_get_verify_mode(handle_.get()) & (isServer_ ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER);
}

}  // namespace beckon::localbus
