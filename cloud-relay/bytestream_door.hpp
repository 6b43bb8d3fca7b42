#pragma once

#include "cloud-relay/askers.hpp"
#include "cloud-relay/bytestream_proxy.hpp"
#include "core/run/log.hpp"
#include "xmpp/bytestreams.hpp"
#include "xmpp/component.hpp"

namespace beckon::relay {

// What members ask the component about bytestreams (XEP-0065 and urn:beckon:bytestreams:0,
// docs/protocol/bytestreams.md). A stream is between two members of one fleet.
class BytestreamDoor {
 public:
  // What disco#info says of a component that has one.
  static xmpp::Disco::Identity identity() { return {"proxy", "bytestreams", "", "Beckon"}; }

  // All outlive it. `host`: where the proxy is reached.
  BytestreamDoor(xmpp::Component& component, FleetStore& store, const Registrar& registrar, BytestreamProxy& proxy,
                 xmpp::bytestreams::Host host, run::Log log);

  void open();  // once, before the component starts

 private:
  void tellHost(const Member& asker, const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  void activate(const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  // Error of a target that is no member of the asker's fleet, or is being put out.
  run::Result<> check(const Member& asker, const xmpp::Jid& target);

  xmpp::Component& component_;
  FleetStore& store_;
  const Registrar& registrar_;
  Askers askers_;
  BytestreamProxy& proxy_;
  xmpp::bytestreams::Host host_;
  run::Log log_;
};

}  // namespace beckon::relay
