#pragma once

#include "localbus/tls_context.hpp"
#include "localbus/tls_self_signed.hpp"
#include "tests/localbus/loop.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <string>

namespace beckon::test {

// The certificate of a server that nobody has signed.
struct OwnCertificate {
  TemporaryFolder folder;
  localbus::TlsKeyPair files{folder.path() / "own.pem", folder.path() / "own.key"};

  OwnCertificate() { localbus::makeSelfSigned(files).value(); }
  localbus::TlsContext server() const { return localbus::TlsContext::server({files}).value(); }
};

// A client that sends whatever bytes a test likes, inside TLS or not, from an address of its choice.
class HttpsPeer {
 public:
  using Tcp = boost::asio::ip::tcp;
  static constexpr auto completion = boost::asio::as_tuple(boost::asio::use_awaitable);

  HttpsPeer(Loop& loop, unsigned short port, const std::string& from = "127.0.0.1")
      : stream_(Tcp::socket(loop.io), ssl()) {
    auto& socket = stream_.next_layer();
    socket.open(Tcp::v4());
    socket.bind({boost::asio::ip::make_address(from), 0});
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  }

  Tcp::socket& socket() { return stream_.next_layer(); }
  void close() { socket().close(); }

  // False if the server does not want to.
  boost::asio::awaitable<bool> secure() {
    const auto [problem] = co_await stream_.async_handshake(boost::asio::ssl::stream_base::client, completion);
    co_return !problem;
  }
  // False once the server has closed the connection.
  boost::asio::awaitable<bool> send(std::string bytes) {
    const auto [problem, size] = co_await boost::asio::async_write(stream_, boost::asio::buffer(bytes), completion);
    co_return !problem;
  }
  // Without the loop.
  void sendNow(const std::string& bytes) { boost::asio::write(stream_, boost::asio::buffer(bytes)); }
  // All until the server ends the connection.
  boost::asio::awaitable<std::string> rest() {
    std::string out;
    auto buffer = boost::asio::dynamic_buffer(out);
    co_await boost::asio::async_read(stream_, buffer, completion);
    co_return out;
  }
  // The same without TLS.
  boost::asio::awaitable<std::string> restOfTcp() {
    std::string out;
    auto buffer = boost::asio::dynamic_buffer(out);
    co_await boost::asio::async_read(socket(), buffer, completion);
    co_return out;
  }
  // What is answered; nothing if the connection ends instead.
  boost::asio::awaitable<std::string> ask(std::string request) {
    if (!co_await secure()) co_return "";
    auto sending = send(std::move(request));
    co_await std::move(sending);
    co_return co_await rest();
  }

 private:
  static SSL* ssl() {
    static const auto context = localbus::TlsContext::client({.verify = false}).value();
    return SSL_new(context.handle());
  }

  boost::asio::ssl::stream<Tcp::socket> stream_;
};

}  // namespace beckon::test
