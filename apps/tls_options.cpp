#include "apps/tls_options.hpp"

#include "localbus/tls_key.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace beckon::apps {

using localbus::Endpoint;
using localbus::TlsContext;
using localbus::TlsKeyPair;
using run::Code;
using run::Error;
using run::Result;
using MaybeTls = std::optional<TlsContext>;

namespace {

// Both or none.
bool isPair(const TlsFiles& files, const TlsNames& names, const RejectTls& reject) {
  if (files.certificate.empty() == files.key.empty()) return true;
  const auto [given, missing] =
      files.key.empty() ? std::pair(names.certificate, names.key) : std::pair(names.key, names.certificate);
  reject(given, std::string("is given without ") + missing, "give the certificate and its private key");
  return false;
}

// The file that a TlsContext could not use stands at the beginning of what it says.
const char* blamed(const TlsFiles& files, const TlsNames& names, const std::string& cause) {
  const std::pair<const std::string&, const char*> all[]{{files.key, names.key},
                                                         {files.clientAuthorities, names.clientAuthorities},
                                                         {files.authorities, names.authorities}};
  for (const auto& [file, name] : all)
    if (!file.empty() && (cause.starts_with(file + " ") || cause.starts_with("cannot read " + file + ":"))) return name;
  return names.certificate;
}

MaybeTls taken(Result<TlsContext> made, const TlsFiles& files, const TlsNames& names, const RejectTls& reject) {
  if (made) return std::move(*made);
  reject(blamed(files, names, made.error().cause), made.error().cause, made.error().nextStep);
  return {};
}

std::optional<TlsKeyPair> own(const TlsFiles& files) {
  if (files.certificate.empty()) return {};
  return TlsKeyPair{files.certificate, files.key};
}

using Make = MaybeTls (*)(const TlsFiles&, const Endpoint&, const TlsNames&, const RejectTls&);
Result<MaybeTls> onCommandLine(Make make, const TlsFiles& files, const Endpoint& endpoint) {
  std::optional<Error> problem;
  auto made =
      make(files, endpoint, tlsOptions, [&](const char* name, const std::string& cause, const std::string& next) {
        problem = Error{Code::invalidConfig, std::string(name) + ": " + cause, next};
      });
  if (problem) return *problem;
  return made;
}

}  // namespace

bool TlsFiles::areGiven() const {
  return insecure ||
         !(certificate.empty() && key.empty() && clientAuthorities.empty() && authorities.empty() && pin.empty());
}

void addTlsOptions(CLI::App& app, TlsFiles& files, bool dials, bool listens) {
  const std::string shown = dials && !listens ? "shown to a tcpsm bus" : "shown where it listens on tcps or tcpsm";
  app.add_option(tlsOptions.certificate, files.certificate, "The own certificate, PEM, " + shown);
  app.add_option(tlsOptions.key, files.key, "Its private key, PEM, mode 0600");
  if (dials) {
    app.add_option(tlsOptions.authorities, files.authorities,
                   "Whoever is dialled by tcps or tcpsm must have a certificate of these authorities, PEM; the "
                   "system's if not given");
    app.add_option(
        tlsOptions.pin, files.pin,
        "Whoever is dialled by tcps or tcpsm must have this key, SHA256:HEX as beckond shows its own, whatever "
        "its certificate says");
    app.add_flag(tlsOptions.insecure, files.insecure,
                 "Take any certificate: whoever stands in between can read and change everything");
  }
  if (listens)
    app.add_option(tlsOptions.clientAuthorities, files.clientAuthorities,
                   "tcpsm: clients must show a certificate of these authorities, PEM");
}

MaybeTls listeningTls(const TlsFiles& files, const Endpoint& endpoint, const TlsNames& names, const RejectTls& reject) {
  if (!isPair(files, names, reject)) return {};
  const bool isMutual = endpoint.scheme == Endpoint::Scheme::tcpsm;
  if (!files.clientAuthorities.empty() && !isMutual) {
    reject(names.clientAuthorities, "has no use on " + endpoint.url(), "listen on tcpsm:// to verify the clients");
    return {};
  }
  if (!endpoint.isTls()) return {};
  if (files.certificate.empty()) {
    reject(names.certificate, "is missing, and " + endpoint.url() + " needs it",
           std::string("give a certificate for that host, and its key (") + names.key + ")");
    return {};
  }
  if (isMutual && files.clientAuthorities.empty()) {
    reject(names.clientAuthorities, "is missing, and " + endpoint.url() + " needs it",
           "give the authorities of the clients, or listen on tcps:// to let in whoever knows the address");
    return {};
  }
  TlsContext::ServerOptions options{{files.certificate, files.key}};
  if (isMutual) options.clientAuthorities = files.clientAuthorities;
  return taken(TlsContext::server(options), files, names, reject);
}

MaybeTls diallingTls(const TlsFiles& files, const Endpoint& endpoint, const TlsNames& names, const RejectTls& reject) {
  if (!isPair(files, names, reject)) return {};
  if (files.insecure && !files.authorities.empty()) {
    reject(names.insecure, std::string("makes ") + names.authorities + " useless", "leave out one of them");
    return {};
  }
  std::string pin;
  if (!files.pin.empty()) {
    const auto read = localbus::readFingerprint(files.pin);
    if (!read) {
      reject(names.pin, read.error().cause, read.error().nextStep);
      return {};
    }
    pin = *read;
  }
  if (!pin.empty() && (files.insecure || !files.authorities.empty())) {
    reject(names.pin, std::string("is all that counts beside ") + (files.insecure ? names.insecure : names.authorities),
           "leave out one of them");
    return {};
  }
  if (endpoint.scheme == Endpoint::Scheme::tcpsm && files.certificate.empty()) {
    reject(names.certificate, "is missing, and " + endpoint.url() + " needs it",
           std::string("give a certificate that the bus's clients are known by, and its key (") + names.key + ")");
    return {};
  }
  if (!endpoint.isTls() && files.certificate.empty() && files.authorities.empty() && pin.empty() && !files.insecure)
    return {};
  TlsContext::ClientOptions options{.verify = !files.insecure, .own = own(files), .pin = pin};
  if (!files.authorities.empty()) options.authorities = files.authorities;
  return taken(TlsContext::client(options), files, names, reject);
}

Result<MaybeTls> listeningTls(const TlsFiles& files, const Endpoint& endpoint) {
  return onCommandLine(&listeningTls, files, endpoint);
}

Result<MaybeTls> diallingTls(const TlsFiles& files, const Endpoint& endpoint) {
  return onCommandLine(&diallingTls, files, endpoint);
}

}  // namespace beckon::apps
