// What the sockets of this machine do by themselves, with Asio as the bus uses it: the limit for a bench server.
//
//   plain_bench_server URL   tcp://127.0.0.1:PORT or unix:///PATH; prints "ready URL"; runs until SIGTERM
//
// Who connects sends one byte: 'e' gets every 32 bytes back that follow, the size of a call echo(i)i and of its
// answer; 's' gets one byte back for as many bytes as its next eight say, again and again. Each is told the process
// first, in four bytes.
#include "localbus/endpoint.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <vector>

namespace {

namespace asio = boost::asio;
using beckon::localbus::Endpoint;
using Socket = asio::generic::stream_protocol::socket;

// Callbacks on a small message, as the bus has them.
class Echo : public std::enable_shared_from_this<Echo> {
 public:
  explicit Echo(Socket socket) : socket_(std::move(socket)) {}
  void read() {
    asio::async_read(socket_, asio::buffer(bytes_),
                     [self = shared_from_this()](boost::system::error_code problem, std::size_t) {
                       if (problem) return;
                       asio::write(self->socket_, asio::buffer(self->bytes_), problem);
                       if (!problem) self->read();
                     });
  }

 private:
  Socket socket_;
  std::array<char, 32> bytes_{};
};

// The bytes arrive in one buffer, as a service wants them that looks at them.
asio::awaitable<void> sink(Socket socket) {
  std::uint64_t size = 0;
  co_await asio::async_read(socket, asio::buffer(&size, sizeof size), asio::use_awaitable);
  std::vector<char> bytes(size);
  for (;;) {
    co_await asio::async_read(socket, asio::buffer(bytes), asio::use_awaitable);
    const char got = 1;
    co_await asio::async_write(socket, asio::buffer(&got, 1), asio::use_awaitable);
  }
}

asio::awaitable<void> serve(Socket socket) {
  boost::system::error_code ofUnix;
  socket.set_option(asio::ip::tcp::no_delay(true), ofUnix);
  const std::int32_t process = getpid();
  co_await asio::async_write(socket, asio::buffer(&process, sizeof process), asio::use_awaitable);
  char kind = 0;
  co_await asio::async_read(socket, asio::buffer(&kind, 1), asio::use_awaitable);
  if (kind == 's') co_return co_await sink(std::move(socket));
  std::make_shared<Echo>(std::move(socket))->read();
}

asio::awaitable<void> accept(asio::basic_socket_acceptor<asio::generic::stream_protocol>& acceptor) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto endpoint = Endpoint::parse(argc == 2 ? argv[1] : "");
  if (!endpoint) {
    std::cerr << "usage: plain_bench_server URL" << std::endl;
    return 2;
  }
  asio::io_context io(1);
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor(io);
  asio::generic::stream_protocol::endpoint address =
      asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), endpoint->port);
  if (endpoint->isUnix()) address = asio::local::stream_protocol::endpoint(endpoint->path);
  acceptor.open(address.protocol());
  acceptor.bind(address);
  acceptor.listen();
  auto listening = *endpoint;
  if (!endpoint->isUnix()) {
    asio::ip::tcp::endpoint bound;
    const auto local = acceptor.local_endpoint();
    std::copy_n(reinterpret_cast<const char*>(local.data()), local.size(), reinterpret_cast<char*>(bound.data()));
    listening.port = bound.port();
  }
  asio::co_spawn(io, accept(acceptor), asio::detached);
  std::cout << "ready " << listening.url() << std::endl;
  io.run();
}
