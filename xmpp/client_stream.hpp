#pragma once

#include "core/run/log.hpp"
#include "xmpp/proxy.hpp"
#include "xmpp/resolve.hpp"
#include "xmpp/scram.hpp"
#include "xmpp/stream.hpp"
#include "xmpp/trust.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beckon::xmpp {

struct ClientStreamConfig {
  Jid account;           // bare
  std::string resource;  // asked for; empty: the server chooses
  std::string password;  // UTF-8, taken as it is (no SASLprep); never logged
  // Where the server is; without it, SRV records of the account's domain, then the domain itself at 5222.
  std::string host;
  unsigned short port = 0;  // 0: 5222; 443 and 5223: direct TLS
  std::optional<Proxy> proxy = {};
  // PEM file of authorities that are trusted in addition to the system's. The certificate always has to be valid
  // for the account's domain, whatever `host` says.
  std::string caFile;
  // In place of caFile, shared by many streams; otherwise the authorities are read anew for each stream.
  std::shared_ptr<boost::asio::ssl::context> trusted = {};
  Scram::Hash weakest = Scram::Hash::sha256;  // no mechanism below SCRAM with this hash
  // For each stage: names looked up, TCP connected, stream opened, TLS up, password checked, resource bound.
  std::chrono::milliseconds stageDeadline{10000};
  // In bytes, of one that is sent. Prosody's and ejabberd's default is 262144.
  std::size_t largestStanza = 262144;
  // In bytes, of one that comes, as StreamParser counts; servers give rosters and lists above their own limit.
  std::size_t largestReceived = 4 << 20;
  Resolver resolver = resolve;  // called on a thread of its own; each route that it gives is tried in turn
  // See EngineOptions; one for all streams of an account.
  std::shared_ptr<std::vector<Route>> memory = {};
};

// A Stream as a client (RFC 6120) over Boost.Asio, OpenSSL and expat (docs/design/035). TLS, the server's certificate
// and SCRAM, by which the server proves that it knows the password, too, are mandatory.
// How it fails: unreachable (no address, refused), bad-certificate, not-authenticated (here, or at the proxy),
// timed-out (which stage), protocol-error, connection-lost (after it was online), overloaded (no descriptor, thread).
// See makeStream().
std::unique_ptr<Stream> makeClientStream(boost::asio::any_io_executor executor, ClientStreamConfig config,
                                         run::Log log);

}  // namespace beckon::xmpp
