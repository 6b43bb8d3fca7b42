#pragma once

#include "core/run/error.hpp"
#include "fleet/code.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/tls_context.hpp"
#include "xmpp/component_stream.hpp"

#include <filesystem>
#include <string>

namespace beckon::apps {

// What beckon-relay's configuration file says (docs/relay.md).
struct RelaySettings {
  xmpp::Jid domain;  // of the server whose accounts it makes
  xmpp::ComponentConfig component;
  // What whoever enrols is told of the XMPP server.
  std::string clientHost;
  unsigned short clientPort = 0;
  std::string clientAuthorities;  // PEM
  localbus::Endpoint listen;      // of the HTTPS service
  localbus::TlsKeyPair own;
  bool isSelfSigned = false;  // codes carry its key then
  fleet::Code::Place place;   // what codes say of it; fleet: the one that is made at the first start
  std::filesystem::path state;
};

// Error invalidConfig with every problem's place in the file.
run::Result<RelaySettings> readRelaySettings(const std::filesystem::path& path);

}  // namespace beckon::apps
