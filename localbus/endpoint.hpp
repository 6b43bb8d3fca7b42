#pragma once

#include "core/run/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace beckon::localbus {

// Where something listens: "tcp://127.0.0.1:9559", "tcps://robot:9503", "unix:///run/beckon/a.sock".
struct Endpoint {
  static constexpr std::uint16_t defaultPort = 9559;     // of a service directory, libqi's choice
  static constexpr std::uint16_t defaultTlsPort = 9503;  // the same with TLS, as robots of Aldebaran have it

  enum class Scheme {
    tcp,
    tcps,   // TLS: the client verifies the server
    tcpsm,  // TLS: each verifies the other
    unix_,  // a socket in the file system of this computer
  };

  std::string host = "127.0.0.1";  // a name or an address, IPv6 without brackets
  std::uint16_t port = defaultPort;
  Scheme scheme = Scheme::tcp;
  std::string path = {};  // of a unix socket, absolute

  // Accepts SCHEME://HOST[:PORT] and unix:///PATH. Others are refused with what is possible.
  static run::Result<Endpoint> parse(std::string_view url);
  static Endpoint unixSocket(std::string path);
  std::string url() const;
  bool isUnix() const { return scheme == Scheme::unix_; }
  bool isTls() const { return scheme == Scheme::tcps || scheme == Scheme::tcpsm; }
  // Leads nowhere from another computer: 127.0.0.0/8, ::1, localhost, a unix socket.
  bool isLoopback() const;

  bool operator==(const Endpoint&) const = default;
};

}  // namespace beckon::localbus
