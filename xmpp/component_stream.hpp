#pragma once

#include "core/run/log.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace beckon::xmpp {

struct ComponentConfig {
  Jid domain;          // the component's own, e.g. relay.example.org
  std::string secret;  // shared with the server; never logged
  // Where the server takes components. XEP-0114 knows no TLS: this computer, or a network of trust.
  std::string host = "127.0.0.1";
  unsigned short port = 5347;
  // For each stage: names looked up, TCP connected (each address), stream opened, secret checked.
  std::chrono::milliseconds stageDeadline{10000};
  // In bytes: of a stanza that is sent, as it is written; of one that comes, see StreamParser.
  std::size_t largestStanza = 262144;
  // In bytes: of what is queued and not yet taken by the system.
  std::size_t largestQueue = 4 << 20;
};

// A Stream as a component (XEP-0114), over Boost.Asio and expat, without a thread of its own; Asio looks up names on
// one of its context's. Stanzas come and go in the namespace of clients (jabber:client), as those of a client do.
// online() tells the domain. A stanza that comes and is too large, or nested too deeply, is dropped: a request is
// answered with the error too-large, and an answer comes as that error.
// How it fails: unreachable (no address, refused), not-authenticated (the secret), refused (another component has the
// name), invalid-config (the server knows no component of that name), timed-out (which stage), protocol-error,
// connection-lost (after it was online), overloaded (no descriptor).
// Keeps `executor` busy from start() to its end. After stop(), what was queued leaves within 300 ms as long as
// `executor` runs, whether or not the object still is there.
std::unique_ptr<Stream> makeComponentStream(boost::asio::any_io_executor executor, ComponentConfig config,
                                            run::Log log);

}  // namespace beckon::xmpp
