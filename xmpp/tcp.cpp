#include "xmpp/tcp.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace beckon::xmpp {
namespace {

// A peer that is gone without a word is noticed after 15 + 3 * 5 s in silence, after 20 s with data on its way.
constexpr int keepaliveIdle = 15, keepaliveInterval = 5, keepaliveProbes = 3;  // seconds, seconds, count
constexpr unsigned userTimeout = 20000;                                        // milliseconds

}  // namespace

void prepareTcp(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &keepaliveIdle, sizeof(keepaliveIdle));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &keepaliveInterval, sizeof(keepaliveInterval));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &keepaliveProbes, sizeof(keepaliveProbes));
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &userTimeout, sizeof(userTimeout));
  fcntl(socket, F_SETFD, FD_CLOEXEC);
}

}  // namespace beckon::xmpp
