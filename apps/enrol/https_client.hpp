#pragma once

#include "core/run/error.hpp"
#include "xmpp/proxy.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace beckon::apps {

// A server, and how it is known.
struct HttpsTarget {
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 443;
  // 64 small hex digits, as localbus::keyFingerprint() tells them: the only key that the server may have, whoever
  // signed its certificate and for whatever host. Empty: the certificate must be for `host`, by an authority that is
  // trusted.
  std::string pin = {};
  std::string caFile = {};                // PEM of authorities that are trusted beside the system's; empty: none
  std::optional<xmpp::Proxy> proxy = {};  // the only way out; it looks up the host
};

struct HttpAnswer {
  unsigned status = 0;  // 200 to 599; a redirection is not followed
  std::string body;
};

inline constexpr std::size_t mostHttpAnswer = 256 * 1024;  // bytes of its body

// POSTs `body`, which is JSON, to `path` ("/enrol"), on a connection of its own, which is tried with each address of
// the host. Runs on the executor of the coroutine that awaits it. Errors: unreachable, badCertificate, timedOut,
// connectionLost (it was closed before the whole answer was there; whether the request was heard is not known),
// protocolError; invalidArgument for a target or path that cannot be one, invalidConfig for a caFile that cannot be
// used.
boost::asio::awaitable<run::Result<HttpAnswer>> post(HttpsTarget target, std::string path, std::string body,
                                                     std::chrono::milliseconds deadline);

}  // namespace beckon::apps
