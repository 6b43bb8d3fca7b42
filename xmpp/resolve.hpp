#pragma once

#include "core/run/error.hpp"

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace beckon::xmpp {

// An address to connect to, in numbers.
struct Endpoint {
  std::string address;
  unsigned short port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct SrvRecord {
  std::uint16_t priority = 0, weight = 0, port = 0;
  std::string target;
  bool directTls = false;  // it was one of _xmpps-client
  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

// How to reach a server.
struct Route {
  Endpoint dial;           // the server's address, or that of the proxy
  bool directTls = false;  // TLS from the first byte (XEP-0368) in place of STARTTLS
  // What the proxy is asked for; an empty host: there is no proxy.
  std::string host = {};
  unsigned short port = 0;
  friend bool operator==(const Route&, const Route&) = default;
};

// Whose server, as far as the configuration says where it is.
struct Whereabouts {
  std::string domain;
  std::string host = {};    // empty: as the domain's DNS says
  unsigned short port = 0;  // 0: the usual one
  Endpoint proxy = {};      // by name or in numbers, and the only way out; an empty address: there is none
};

// The ways to the server, 16 at most, in the order in which to try: `host` if there is one (with direct TLS at the
// ports 443 and 5223), otherwise the SRV records of _xmpp-client._tcp and _xmpps-client._tcp as one list (RFC 6120
// section 3.2, XEP-0368), otherwise the domain itself at 5222; behind a proxy, which may let out to 443 only, there
// with direct TLS as well. A proxy looks up the server's address itself. Blocks for as long as the name servers take,
// some seconds at most.
run::Result<std::vector<Route>> resolve(const Whereabouts& where);

// How resolve() is asked; a test may answer in its place. Called on any thread, also on two at once.
using Resolver = std::function<run::Result<std::vector<Route>>(const Whereabouts&)>;

// The SRV records of a DNS answer; none if it is malformed.
std::vector<SrvRecord> readSrv(std::span<const std::uint8_t> answer);
// In the order of RFC 2782: by priority, within one at random by weight.
std::vector<SrvRecord> orderSrv(std::vector<SrvRecord> records, std::mt19937& random);

}  // namespace beckon::xmpp
