#pragma once

#include "core/run/error.hpp"

#include <openssl/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace beckon::localbus {

// A certificate with those between it and its authority (PEM), and its private key (PEM, no passphrase, mode 0600).
struct TlsKeyPair {
  std::filesystem::path certificate, key;
};

// What all TLS connections of one kind share: keys, whom to trust, which TLS is spoken. Read from files once; later
// changes of the files are not seen. A cheap copy, immutable, used from any thread.
//
// TLS 1.3 is preferred and 1.2 accepted, with forward secrecy and authenticated encryption in both; no renegotiation,
// compression, session cache or tickets.
class TlsContext {
 public:
  struct ServerOptions {
    TlsKeyPair own;
    // PEM. With them, every client must show a certificate that one of them signed (scheme tcpsm).
    std::optional<std::filesystem::path> clientAuthorities = {};
    // Clients are asked for a certificate and may show any, or none: what counts is its key, which they prove to have
    // (TlsChannel::peerKey). Of no use with clientAuthorities.
    bool asksForKeys = false;
  };
  struct ClientOptions {
    // PEM; the only ones that are trusted then, but for `andSystem`. Without them, the system's.
    std::optional<std::filesystem::path> authorities = {};
    // False takes any certificate, so that anybody in between can read and change everything. For libqi peers, which
    // sign their own.
    bool verify = true;
    std::optional<TlsKeyPair> own = {};  // shown to servers that ask for one
    // The only key that a server may have, as keyFingerprint() tells it; whoever signed its certificate, and for
    // whatever host. Neither `authorities` nor `verify` count then.
    std::string pin = {};
    bool andSystem = false;  // the authorities of the system are trusted beside `authorities`
  };

  // Error invalidConfig names the file and what to do about it.
  static run::Result<TlsContext> server(const ServerOptions& options);
  static run::Result<TlsContext> client(const ClientOptions& options);

  bool isServer() const { return isServer_; }
  // Whether the peer must show a certificate that verifies.
  bool verifies() const;
  // The own one, as keyFingerprint() tells it. Empty for a client without a certificate.
  std::string ownKey() const;
  SSL_CTX* handle() const { return handle_.get(); }

 private:
  TlsContext(std::shared_ptr<SSL_CTX> handle, bool isServer) : handle_(std::move(handle)), isServer_(isServer) {}

  std::shared_ptr<SSL_CTX> handle_;
  bool isServer_;
};

}  // namespace beckon::localbus
