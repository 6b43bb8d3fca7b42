#pragma once

#include "core/run/log.hpp"
#include "xmpp/resolve.hpp"
#include "xmpp/scram.hpp"
#include "xmpp/stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace beckon::xmpp {

struct StropheConfig {
  Jid account;           // bare
  std::string resource;  // asked for; empty: the server chooses
  std::string password;  // UTF-8, taken as it is (no SASLprep); never logged
  // Where the server is; without it, SRV records of the account's domain, then the domain itself at 5222.
  std::string host;
  unsigned short port = 0;  // 0: 5222
  // PEM file of authorities that are trusted in addition to the system's. The certificate always has to be valid
  // for the account's domain, whatever `host` says.
  std::string caFile;
  Scram::Hash weakest = Scram::Hash::sha256;  // no mechanism below SCRAM with this hash
  // For each stage: names looked up, TCP connected, stream opened, TLS up, password checked, resource bound.
  std::chrono::milliseconds stageDeadline{10000};
  // Prosody's and ejabberd's default is 262144 bytes.
  std::size_t largestStanza = 262144;
  Resolver resolver = resolve;  // called on the stream's thread; each address that it gives is tried in turn
};

// A Stream by libstrophe, on a thread of its own (docs/design/007-libstrophe-on-its-own-thread.md).
// How it fails: unreachable (no address, refused), bad-certificate, not-authenticated, timed-out (which stage),
// protocol-error, connection-lost (after it was online). Keeps `executor` busy from start() to its end.
std::unique_ptr<Stream> makeStropheStream(boost::asio::any_io_executor executor, StropheConfig config, run::Log log);

}  // namespace beckon::xmpp
