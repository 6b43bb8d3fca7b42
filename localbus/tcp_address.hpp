#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

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

// Of whom a peer is one of many: its IPv4 address or its /64 of IPv6.
inline std::string holderOf(const boost::asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  if (!address.to_v6().is_v4_mapped() && !address.is_loopback()) std::fill(bytes.begin() + 8, bytes.end(), 0);
  return boost::asio::ip::address_v6(bytes).to_string();
}

}  // namespace beckon::localbus
