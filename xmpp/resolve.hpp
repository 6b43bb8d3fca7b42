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
  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

// Where the server of `domain` is, in the order in which to try: `host` if there is one, otherwise the SRV records
// of _xmpp-client._tcp (RFC 6120 section 3.2), otherwise the domain itself. Port 0 stands for 5222.
// Blocks for as long as the name servers take, some seconds at most.
run::Result<std::vector<Endpoint>> resolve(const std::string& domain, const std::string& host, unsigned short port);

// How resolve() is asked; a test may answer in its place.
using Resolver = std::function<run::Result<std::vector<Endpoint>>(const std::string& domain, const std::string& host,
                                                                  unsigned short port)>;

// The SRV records of a DNS answer; none if it is malformed.
std::vector<SrvRecord> readSrv(std::span<const std::uint8_t> answer);
// In the order of RFC 2782: by priority, within one at random by weight.
std::vector<SrvRecord> orderSrv(std::vector<SrvRecord> records, std::mt19937& random);

}  // namespace beckon::xmpp
