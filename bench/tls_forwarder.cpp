#include "bench/tls_forwarder.hpp"

#include "localbus/tls_channel.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace beckon::bench {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void noDelay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool sendAll(int socket, qi::ByteView bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

void forward(int client, int server, const localbus::TlsContext& tls) {
  localbus::TlsChannel channel(tls);
  std::array<std::uint8_t, 64 * 1024> arrived, plain;
  qi::Bytes outgoing;
  for (;;) {
    pollfd both[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(both, 2, -1) <= 0) return;
    if (both[0].revents) {
      const auto got = ::recv(client, arrived.data(), arrived.size(), 0);
      if (got <= 0) return;
      qi::ByteView rest(arrived.data(), static_cast<std::size_t>(got));
      for (;;) {
        const auto read = channel.read(rest, plain);
        if (!read) return;
        if (*read == 0) break;
        if (!sendAll(server, {plain.data(), *read})) return;
      }
    }
    if (both[1].revents) {
      const auto got = ::recv(server, arrived.data(), arrived.size(), 0);
      if (got <= 0 || !channel.write({arrived.data(), static_cast<std::size_t>(got)})) return;
    }
    channel.takeOutgoing(outgoing);
    if (!sendAll(client, outgoing)) return;
    outgoing.clear();
  }
}

}  // namespace

void forwardTls(std::uint16_t to, const localbus::TlsContext& tls, const std::function<void(std::uint16_t)>& ready) {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening, generic, size) != 0 || ::listen(listening, 8) != 0 ||
      ::getsockname(listening, generic, &size) != 0)
    throw std::runtime_error("the forwarder cannot listen");
  ready(ntohs(address.sin_port));
  for (;;) {
    const int client = ::accept(listening, nullptr, nullptr);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto target = loopback(to);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0) {
      noDelay(client);
      noDelay(server);
      forward(client, server, tls);
    }
    ::close(client);
    ::close(server);
  }
}

}  // namespace beckon::bench
