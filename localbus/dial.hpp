#pragma once

#include "localbus/connection.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/tls_context.hpp"

#include <boost/asio/awaitable.hpp>

namespace beckon::localbus {

struct DialOptions {
  // For the TCP connection. A name is looked up first, for as long as the system's resolver takes: that cannot be cut
  // short.
  Duration timeout = std::chrono::seconds(3);
  // For what follows until the connection is ready.
  Duration authenticationTime = Connection::authenticationTime;
  qi::CapabilityMap credentials = {};  // "auth_user", "auth_token" ...
  bool areCredentialsForTls = false;   // they are not shown where others on the network can read them
  CredentialSource more = {};
  qi::CapabilityMap capabilities = qi::ownCapabilities();
  std::optional<TlsContext> tls = {};  // for tcps and tcpsm; absent: the authorities of the system are trusted
  Receiver* receiver = nullptr;        // answers the peer's calls; must outlive the connection
};

// A connection that is ready to be called on. Errors: unreachable, timedOut, notAuthenticated,
// connectionLost, protocolError, each with what the user can check. Runs on `io`'s thread.
asio::awaitable<run::Result<std::shared_ptr<Connection>>> dial(asio::io_context& io, Endpoint endpoint,
                                                               DialOptions options, run::Log log);

}  // namespace beckon::localbus
