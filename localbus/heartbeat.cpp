#include "localbus/heartbeat.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>

namespace beckon::localbus::heartbeat {
namespace {

// Sent again, or asked whether there is room, without an answer: once may be chance.
constexpr int attempts = 2;

void set(int socket, int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); }

}  // namespace

void start(int socket) {
  const auto seconds = static_cast<int>(interval.count());
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, probes);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
}

// TCP_USER_TIMEOUT would end the connection of a peer that lives but does not read, too: its window stays closed.
Sign look(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return Sign::idle;
  const bool isSilent = info.tcpi_last_ack_recv >= static_cast<std::uint32_t>(silence.count());
  const bool isRepeated = info.tcpi_unacked > 0 && info.tcpi_retransmits >= attempts;
  if (isSilent && (isRepeated || info.tcpi_probes >= attempts)) return Sign::none;
  int underWay = 0;  // bytes that were not acknowledged, sent or not
  return ::ioctl(socket, SIOCOUTQ, &underWay) == 0 && underWay > 0 ? Sign::waiting : Sign::idle;
}

}  // namespace beckon::localbus::heartbeat
