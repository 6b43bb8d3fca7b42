#pragma once

#include "core/run/log.hpp"
#include "xmpp/proxy.hpp"
#include "xmpp/resolve.hpp"
#include "xmpp/stream.hpp"
#include "xmpp/stream_protocol.hpp"
#include "xmpp/trust.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace beckon::xmpp {

// How the engine gets to the server, and its bounds.
struct EngineOptions {
  Whereabouts where;  // its domain is the one that the certificate has to be for
  Resolver resolver = resolve;
  // By which somebody came online last, shared by one attempt after the other: tried behind what the name servers say,
  // and if they say nothing. Null: nothing is remembered.
  std::shared_ptr<std::vector<Route>> memory = {};
  std::optional<Proxy> proxy = {};                                                      // what where.proxy is of
  std::function<run::Result<std::shared_ptr<boost::asio::ssl::context>>()> trust = {};  // empty: there is no TLS
  // For each stage: names looked up, each route connected, and each step of the protocol. The next route has its turn
  // as long as no server has opened its stream.
  std::chrono::milliseconds stageDeadline{10000};
  std::size_t largestStanza = 262144;  // in bytes, of one that is sent, as it is written
  std::size_t largestQueue = 4 << 20;  // in bytes, of what is queued and not yet taken by the system
  std::string_view checkPort;          // the next step where the server does not do what it should; static
};

// A Stream over Boost.Asio without a thread of its own (see Lookup), whatever is spoken on it.
// Keeps `executor` busy from start() to its end. After stop(), what was queued leaves within 300 ms as long as
// `executor` runs, whether or not the object still is there.
std::unique_ptr<Stream> makeStream(boost::asio::any_io_executor executor, std::unique_ptr<StreamProtocol> protocol,
                                   EngineOptions options, run::Log log);

}  // namespace beckon::xmpp
