#pragma once

#include "core/run/error.hpp"
#include "xmpp/proxy.hpp"
#include "xmpp/resolve.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace beckon::xmpp {

// A connection to a server, if need be through a proxy, in plain or over TLS. On one executor; whoever waits for
// something of it keeps it alive until that has ended, which close() brings about at any time.
class Transport {
 public:
  explicit Transport(const boost::asio::any_io_executor& executor) : socket_(executor) {}

  boost::asio::any_io_executor executor() { return socket_.get_executor(); }
  bool isOpen() const { return socket_.is_open(); }
  bool isSecured() const { return tls_.has_value(); }
  // Where it is connected to, for people.
  const std::string& place() const { return place_; }

  // Opens another connection in place of the one before, of which nothing is pending. `proxy` is needed for a route
  // that asks one. Errors: unreachable, overloaded (no descriptor), not-authenticated (the proxy), protocol-error (the
  // proxy). Closed after an error.
  boost::asio::awaitable<run::Result<>> connect(Route route, std::optional<Proxy> proxy);
  // The TLS handshake; the certificate has to be valid for `domain`. `direct`: it comes first (XEP-0368). Errors:
  // bad-certificate, protocol-error.
  boost::asio::awaitable<run::Result<>> secure(std::shared_ptr<boost::asio::ssl::context> trust, std::string domain,
                                               bool direct);

  // 0 bytes: it has ended.
  boost::asio::awaitable<std::size_t> read(boost::asio::mutable_buffer room);
  // All of `bytes`, which stay until `done` is called. One at a time.
  void write(boost::asio::const_buffer bytes, std::function<void(boost::system::error_code)> done);
  void close();

 private:
  boost::asio::awaitable<run::Result<>> passProxy(Route route, Proxy proxy);

  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  std::string place_;
};

}  // namespace beckon::xmpp
