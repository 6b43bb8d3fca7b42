#pragma once

#include <boost/asio/awaitable.hpp>

#include "localbus/connection.hpp"
#include "localbus/endpoint.hpp"

namespace beckon::localbus {

struct DialOptions {
  // For the name look-up and the TCP connection.
  Duration timeout = std::chrono::seconds(3);
  // For what follows until the connection is ready.
  Duration authenticationTime = Connection::authenticationTime;
  qi::CapabilityMap credentials = {};  // "auth_user", "auth_token" ...
  CredentialSource more = {};
  Receiver* receiver = nullptr;  // answers the peer's calls; must outlive the connection
};

// A connection that is ready to be called on. Errors: unreachable, timedOut, notAuthenticated,
// connectionLost, protocolError, each with what the user can check. Runs on `io`'s thread.
asio::awaitable<run::Result<std::shared_ptr<Connection>>> dial(asio::io_context& io, Endpoint endpoint,
                                                               DialOptions options, run::Log log);

}  // namespace beckon::localbus
