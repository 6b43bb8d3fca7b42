#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

namespace beckon::localbus {

// The address of a socket that may be of any kind, as one of TCP; none if it is not.
inline std::optional<boost::asio::ip::tcp::endpoint> tcpAddress(
    const boost::asio::generic::stream_protocol::endpoint& address) {
  const auto family = address.protocol().family();
  if (family != AF_INET && family != AF_INET6) return {};
  boost::asio::ip::tcp::endpoint tcp;
  std::memcpy(tcp.data(), address.data(), std::min(address.size(), tcp.capacity()));
  return tcp;
}

}  // namespace beckon::localbus
