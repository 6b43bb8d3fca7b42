#pragma once

#include "localbus/dial.hpp"

#include <functional>
#include <vector>

namespace beckon::localbus {

// One of several ways to the same process.
struct Dialed {
  std::shared_ptr<Connection> connection;
  Endpoint endpoint;
};

// The first of `endpoints` that leads to a connection which `isRight` accepts. Those of this computer are tried first,
// unix sockets before loopback; the next kind as soon as one has failed, or after the delay of RFC 8305, section 8. All
// others are closed. `endpoints` is not empty. Error: that of the first attempt that failed.
using IsRight = std::function<run::Result<>(const Connection&)>;
asio::awaitable<run::Result<Dialed>> dialFirst(asio::io_context& io, std::vector<Endpoint> endpoints,
                                               DialOptions options, IsRight isRight, run::Log log);

}  // namespace beckon::localbus
