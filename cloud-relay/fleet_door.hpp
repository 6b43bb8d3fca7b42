#pragma once

#include "cloud-relay/askers.hpp"
#include "cloud-relay/clones.hpp"
#include "cloud-relay/fleet_store.hpp"
#include "cloud-relay/registrar.hpp"
#include "cloud-relay/roll_call.hpp"
#include "core/run/log.hpp"
#include "fleet/code.hpp"
#include "fleet/protocol.hpp"
#include "xmpp/component.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::relay {

// What members ask the component: urn:beckon:fleet:0 (docs/protocol/fleet.md). Who asks is who the server says: each
// account is one member's. To whom is none, nothing is said but service-unavailable.
class FleetDoor {
 public:
  // So many members are told at once, 450 bytes each: below the 262144 bytes that servers take as a stanza.
  static constexpr std::size_t mostTold = 400;

  // All outlive it. `place`: where codes lead to (without the fleet's name).
  FleetDoor(boost::asio::any_io_executor executor, xmpp::Component& component, FleetStore& store, Registrar& registrar,
            fleet::Code::Place place, run::Log log);

  void open();  // once, before the component starts
  // To be told of the component's events.
  void online();
  void received(const xmpp::Element& message);

 private:
  using Action = void (FleetDoor::*)(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply);

  void offer(std::string_view type, std::string_view name, Action action);
  void tellMembers(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  // Of itself and, if it knows no statement yet, of the owner.
  void tellRobot(const Member& asker, const std::optional<run::Signature>& known, const xmpp::IqReply& reply);
  // When the robots among them have said that they are there.
  boost::asio::awaitable<void> tellOnceAsked(Member asker, std::string after, xmpp::IqReply reply);
  fleet::MembersInfo membersFor(const Member& asker, const std::vector<Member>& known, std::string_view after) const;
  void takeCode(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  void takeStatement(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  void revoke(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  void changeSecret(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  // Tells the others of the fleet whom it concerns to ask again.
  void changed(const Member& member);
  // Error of whoever is not the owner of the fleet of that account.
  run::Result<Member> memberOf(const Member& owner, const std::string& account);

  boost::asio::any_io_executor executor_;
  xmpp::Component& component_;
  FleetStore& store_;
  Registrar& registrar_;
  Askers askers_;
  fleet::Code::Place place_;
  Clones clones_;
  RollCall rollCall_;
  run::Log log_;
};

}  // namespace beckon::relay
