#pragma once

#include "cloud-relay/askers.hpp"
#include "xmpp/component.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace beckon::relay {

// A TURN server that shares a secret with us (coturn's use-auth-secret).
struct TurnServer {
  // Of those who are put out meanwhile, too: the server does not ask us.
  static constexpr std::chrono::seconds longestLifetime{600};

  std::string host;
  std::uint16_t port = 3478;
  std::string secret;
  std::chrono::seconds lifetime = longestLifetime;
};

// Names of that form are good until the time in them (draft-uberti-behave-turn-rest).
struct TurnCredentials {
  std::string name, password;
  WallTime ends;
};
TurnCredentials turnCredentials(const TurnServer& server, std::string_view account, WallTime now);

// Tells members of a TURN server, with credentials of their own (XEP-0215).
class TurnDoor {
 public:
  static constexpr std::string_view ns = "urn:xmpp:extdisco:2";

  // All outlive it.
  TurnDoor(xmpp::Component& component, FleetStore& store, const Registrar& registrar, TurnServer server);

  void open();  // once, before the component starts

 private:
  xmpp::Element service(const Member& asker, std::string_view transport) const;
  void tellServices(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply) const;
  void tellCredentials(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply) const;

  xmpp::Component& component_;
  Askers askers_;
  TurnServer server_;
};

}  // namespace beckon::relay
