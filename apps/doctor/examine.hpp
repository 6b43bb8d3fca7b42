#pragma once

#include "apps/doctor/report.hpp"
#include "core/qi/capabilities.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/handshake.hpp"
#include "localbus/tls_context.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>

namespace beckon::doctor {

// Whom to look at: a host with or without a port, or the address of a bus.
struct Target {
  std::string text;  // as it was given
  std::string host;
  std::optional<std::uint16_t> port;                 // absent: the usual ones, 9559 and 9503
  std::optional<localbus::Endpoint::Scheme> scheme;  // absent: whatever is spoken there
};
// Accepts HOST, HOST:PORT, [ADDRESS]:PORT, and URLs of tcp, tcps and tcpsm. Error invalidArgument.
run::Result<Target> readTarget(const std::string& text);

struct Question {
  Target target;
  // Shown to a peer only whose certificate verifies, or by tcp if the target says so.
  qi::CapabilityMap credentials = {};
  localbus::CredentialSource more = {};
  localbus::TlsContext tls;                      // what is believed
  std::optional<localbus::TlsKeyPair> own = {};  // a certificate to show
  std::string machineId;                         // of this computer
  // All of it takes no longer; nothing that a peer does or does not do changes that.
  std::chrono::milliseconds time{9'500};
};

// Looks at it step by step; `told` hears each fact as soon as it is there. Changes nothing at the peer, except for a
// token that the peer renews (`more`). Runs on one thread.
boost::asio::awaitable<Report> examine(Question question, std::function<void(const Fact&)> told);

}  // namespace beckon::doctor
