#pragma once

#include "apps/doctor/banner.hpp"
#include "apps/doctor/exchange.hpp"
#include "localbus/tls_certificate.hpp"

#include <optional>
#include <string>

namespace beckon::doctor {

// What answers at one port of one address, found out without credentials and without trust.
struct Port {
  asio::ip::tcp::endpoint address;
  std::string host;                    // as it was given, for TLS
  std::optional<run::Error> closed;    // no connection comes about: unreachable, timedOut
  std::optional<Login> plain, inside;  // qi answers, by tcp or inside TLS
  bool isTls = false;                  // a TLS handshake came about
  std::string tlsVersion;
  std::optional<localbus::TlsCertificate> certificate;
  std::optional<run::Error> tlsProblem;  // of the handshake, or of what was asked inside it
  Speech speech = Speech::nothing;       // outside TLS, where it is not qi
  std::string speaker;
  bool closes = false;  // it ends connections without a word

  bool isQi() const { return plain || inside; }
};

// Tries what is likely first, and only if that fails the rest: qi by tcp or inside TLS, HTTP. Each wait takes
// at most `patience`, all of them not beyond `until`. `own`: shown to a peer
// that wants certificates.
asio::awaitable<Port> lookAt(asio::ip::tcp::endpoint address, std::string host, bool isTlsLikely,
                             std::optional<localbus::TlsKeyPair> own, std::chrono::milliseconds patience,
                             Deadline until);

}  // namespace beckon::doctor
