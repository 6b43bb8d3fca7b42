#pragma once

#include "apps/relay/settings.hpp"
#include "cloud-relay/accounts.hpp"
#include "cloud-relay/bytestream_door.hpp"
#include "cloud-relay/bytestream_proxy.hpp"
#include "cloud-relay/fleet_door.hpp"
#include "cloud-relay/fleet_store.hpp"
#include "cloud-relay/https_service.hpp"
#include "cloud-relay/registrar.hpp"
#include "cloud-relay/turn_door.hpp"
#include "cloud-relay/usage.hpp"
#include "core/run/log.hpp"
#include "xmpp/component.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>

namespace beckon::apps {

// Makes a code by which the first owner of a fleet enrols, or another one after the old one lost his device; whoever
// may write into the relay's folder may do that. Errors: those of FleetStore.
run::Result<std::string> makeOwnerCode(relay::FleetStore& store, const fleet::Code::Place& place,
                                       std::chrono::seconds lifetime);

// The folder and the certificate, which are made where they are not there; and what codes say of the relay.
run::Result<fleet::Code::Place> prepare(const RelaySettings& settings);

// Everything that beckon-relay is made of, wired together.
class RelaySide {
 public:
  // How long the code for a fleet's first owner is good.
  static constexpr std::chrono::hours ownerCodeLifetime{1};

  RelaySide(boost::asio::io_context& io, RelaySettings settings, run::Log log);

  // Until stop(); an error is one that no waiting would mend. Prints "ready URL" once the HTTPS service listens, "owner
  // CODE" where the fleet has no owner yet, "bytestreams ADDRESS:PORT" where it is a proxy of them, "online JID" each
  // time the component is.
  boost::asio::awaitable<run::Result<>> run();
  void stop();

 private:
  run::Result<> open();
  run::Result<> openBytestreams();
  std::set<std::string> putOutOf(const std::set<std::string>& accounts);
  void close();
  void enrol(const relay::HttpRequest& request, const relay::HttpsService::Reply& reply);

  boost::asio::io_context& io_;
  RelaySettings settings_;
  run::Log log_;
  boost::asio::steady_timer stopped_;
  std::optional<relay::FleetStore> store_;
  std::optional<xmpp::Component> component_;
  std::optional<relay::Accounts> accounts_;
  std::optional<relay::Registrar> registrar_;
  std::optional<relay::FleetDoor> door_;
  std::optional<relay::HttpsService> https_;
  std::optional<relay::Usage> usage_;
  std::optional<relay::BytestreamProxy> proxy_;
  std::optional<relay::BytestreamDoor> bytestreams_;
  std::optional<relay::TurnDoor> turn_;
};

}  // namespace beckon::apps
