#pragma once

#include "core/run/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace beckon::localbus {

// Where something listens: "tcp://127.0.0.1:9559". The host is a name or an address, IPv6 without brackets.
struct Endpoint {
  static constexpr std::uint16_t defaultPort = 9559;  // of a service directory, libqi's choice

  std::string host = "127.0.0.1";
  std::uint16_t port = defaultPort;

  // Accepts tcp://HOST[:PORT]; a missing port is 9559. Other schemes are refused with what is possible.
  static run::Result<Endpoint> parse(std::string_view url);
  std::string url() const;
  // 127.0.0.0/8, ::1 or localhost.
  bool isLoopback() const;

  bool operator==(const Endpoint&) const = default;
};

}  // namespace beckon::localbus
