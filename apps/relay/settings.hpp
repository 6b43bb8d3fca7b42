#pragma once

#include "cloud-relay/tickets.hpp"
#include "cloud-relay/turn_door.hpp"
#include "core/run/error.hpp"
#include "fleet/code.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/tls_context.hpp"
#include "xmpp/component_stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::apps {

// Of the proxy of bytestreams.
struct BytestreamSettings {
  std::optional<boost::asio::ip::tcp::endpoint> listen;  // none: there is no proxy
  // As members are told; port 0: where it listens.
  std::string host;
  unsigned short port = 0;
  std::int64_t bytesADay = 100'000'000'000;  // of a member: a picture of 9 Mbit/s, all day
  relay::Tickets::Limits limits;
};

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
  BytestreamSettings bytestreams;
  std::optional<relay::TurnServer> turn;
};

// ADDRESS:PORT, as 0.0.0.0:5480 or [::]:5480. Error invalidArgument.
run::Result<boost::asio::ip::tcp::endpoint> readListenAddress(std::string_view text);

// Error invalidConfig with every problem's place in the file.
run::Result<RelaySettings> readRelaySettings(const std::filesystem::path& path);

}  // namespace beckon::apps
