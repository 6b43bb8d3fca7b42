#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// SOCKS5 bytestreams through a relay (XEP-0065; docs/protocol/bytestreams.md): the payloads, written and read. Reading
// fails with protocolError.
namespace beckon::xmpp::bytestreams {

inline constexpr std::string_view ns = "http://jabber.org/protocol/bytestreams";
inline constexpr std::string_view ticketNs = "urn:beckon:bytestreams:0";

// What the ends of a stream and the relay know of it. `sid` is a secret of theirs: whoever knows the three may connect.
struct Session {
  static constexpr std::size_t shortestSid = 16, longestSid = 128;

  std::string sid;
  Jid requester, target;  // full

  static std::string newSid();  // 128 random bits
  // What both ends ask the relay's SOCKS5 for as their destination, port 0: SHA-1 in hex.
  std::string hash() const;
};

// A relay, and where it listens.
struct Host {
  Jid jid;
  std::string host;  // a name or an address
  std::uint16_t port = 0;
  // How many streams are open there, and how many may be; zero: it does not say.
  std::uint32_t streams = 0, most = 0;

  // From 0 to 1. What one does that does not say nobody knows: it is taken for full.
  double load() const { return most == 0 ? 1 : static_cast<double>(streams) / most; }
};

// get, to a relay: where it listens. The answer holds one host.
Element hostRequest();
// get, to a relay, by the requester: opens a ticket besides, for as long as the answer says.
Element ticketRequest(const Session& session);
Element hostAnswer(const Host& host);
Element hostAnswer(const Host& host, std::chrono::seconds lifetime);
run::Result<Host> readHostAnswer(const Element& query);

// What a relay is asked by get. `target` is empty where no ticket is asked for.
struct HostQuestion {
  std::string sid;
  Jid target;
};
run::Result<HostQuestion> readHostQuestion(const Element& query);

// set, from the requester to the target; who answers with the relay that it has connected to.
struct Offer {
  static constexpr std::size_t mostHosts = 16;  // more are not read

  std::string sid;
  std::vector<Host> hosts;
};
Element offer(const Offer& offer);
run::Result<Offer> readOffer(const Element& query);
Element used(std::string_view sid, const Jid& relay);
run::Result<Jid> readUsed(const Element& query);

// set, from the requester to the relay, when both have connected. The answer is empty.
struct Activation {
  std::string sid;
  Jid target;
};
Element activation(const Session& session);
run::Result<Activation> readActivation(const Element& query);

}  // namespace beckon::xmpp::bytestreams
