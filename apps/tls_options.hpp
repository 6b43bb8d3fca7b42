#pragma once

#include "localbus/endpoint.hpp"
#include "localbus/tls_context.hpp"

#include <functional>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace beckon::apps {

// The files of TLS on a bus, as a command line or a configuration names them; empty: not given.
struct TlsFiles {
  std::string certificate, key;   // what this program shows of itself
  std::string clientAuthorities;  // tcpsm, where we listen: of the clients
  std::string authorities;        // where we dial: of the listeners, in place of the system's
  std::string pin = {};           // where we dial: the key of the listeners, SHA256:HEX, whoever signed for it
  bool insecure = false;          // where we dial: any certificate will do

  bool areGiven() const;
};

// How a user calls them, for what he is told.
struct TlsNames {
  const char *certificate, *key, *clientAuthorities, *authorities, *pin, *insecure;
};
inline constexpr TlsNames tlsOptions{"--certificate", "--key", "--client-ca", "--ca", "--pin", "--insecure"};
inline constexpr TlsNames tlsKeys{"bus.certificate_file", "bus.key_file", "bus.client_ca_file",
                                  "bus.ca_file",          "bus.pin",      "bus.insecure"};

// Adds --certificate and --key, with `dials` --ca, --pin and --insecure, with `listens` --client-ca.
void addTlsOptions(CLI::App& app, TlsFiles& files, bool dials, bool listens);

// What TLS needs to listen on `endpoint`, or to dial it and the services found there; none where no TLS is meant. What
// is missing, has no use or cannot be used goes to `reject` with the name to blame; none is given then, either.
using RejectTls = std::function<void(const char* name, const std::string& cause, const std::string& nextStep)>;
std::optional<localbus::TlsContext> listeningTls(const TlsFiles& files, const localbus::Endpoint& endpoint,
                                                 const TlsNames& names, const RejectTls& reject);
std::optional<localbus::TlsContext> diallingTls(const TlsFiles& files, const localbus::Endpoint& endpoint,
                                                const TlsNames& names, const RejectTls& reject);

// The same for a command line. Error invalidConfig.
run::Result<std::optional<localbus::TlsContext>> listeningTls(const TlsFiles& files,
                                                              const localbus::Endpoint& endpoint);
run::Result<std::optional<localbus::TlsContext>> diallingTls(const TlsFiles& files, const localbus::Endpoint& endpoint);

}  // namespace beckon::apps
