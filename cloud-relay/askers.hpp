#pragma once

#include "cloud-relay/fleet_store.hpp"
#include "cloud-relay/registrar.hpp"
#include "xmpp/responder.hpp"

#include <optional>

namespace beckon::relay {

// Who asks the component, by what the server says: each account is one member's.
class Askers {
 public:
  // Both outlive it.
  Askers(FleetStore& store, const Registrar& registrar) : store_(store), registrar_(registrar) {}

  // None: refused already. A stranger hears service-unavailable, as from nobody; a member whose account is just being
  // changed, or taken away, may try again.
  std::optional<Member> find(const xmpp::IqRequest& request, const xmpp::IqReply& reply) const;
  // Whoever is heard has logged in with what he was given, unless that is just being changed: error overloaded.
  run::Result<> confirm(Member& member) const;

 private:
  FleetStore& store_;
  const Registrar& registrar_;
};

}  // namespace beckon::relay
