#pragma once

#include "apps/bus_token.hpp"
#include "fleet/membership.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/tls_context.hpp"
#include "policy/audit/trail.hpp"
#include "policy/policy.hpp"
#include "xmpp/client_stream.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace beckon::apps {

// What beckond's configuration file says (docs/configuration.md).
struct Settings {
  std::filesystem::path file;
  bool hasAccount = true;                       // otherwise there is a LAN door, and nothing of XMPP
  std::optional<fleet::Membership> membership;  // of who was enrolled: that account is used
  xmpp::ClientStreamConfig stream;
  std::vector<xmpp::Jid> others;  // robots that programs on the bus may use
  localbus::Endpoint bus;
  bool isAttached = false;  // to a directory at `bus` that somebody else runs; otherwise we hold one there
  std::optional<localbus::TlsContext> tls;       // to dial `bus` if attached, else to listen there; where it speaks TLS
  std::shared_ptr<BusToken> token;               // if attached: by which the directory lets us in; null: without
  std::filesystem::path policyFile;              // empty: the accounts are listed in the configuration
  std::shared_ptr<const policy::Policy> policy;  // what it said at the start
  struct Lan {
    localbus::Endpoint listen;
    localbus::TlsKeyPair own;
    bool isSelfSigned = false;  // to be made at the first start
    bool announces = true;      // by DNS-SD, unless nobody else can reach it
    std::string name;           // under which
  };
  std::optional<Lan> lan;  // the LAN door; none: it stays shut
  policy::audit::Options audit;
  std::optional<localbus::Endpoint> status;  // where numbers and health are told, on this computer only; none: nowhere
  std::filesystem::path state;               // where the robot's identity is kept
};

// Error invalidConfig names file, line and column.
run::Result<Settings> readSettings(const std::filesystem::path& path);

// The computer's own name, without its domain, as DNS-SD takes it.
std::string hostName();

// Where the robot that this file configures keeps its state; the rest of the file may be wrong.
run::Result<std::filesystem::path> stateFolder(const std::filesystem::path& path);
// The proxy that is its only way out to `host`, if there is one; likewise.
run::Result<std::optional<xmpp::Proxy>> proxyTo(const std::string& host, const std::filesystem::path& path);

}  // namespace beckon::apps
