#include "localbus/own_addresses.hpp"

#include <boost/asio/ip/address.hpp>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

namespace beckon::localbus {
namespace {

using boost::asio::ip::address;

std::optional<address> ofInterface(const ifaddrs& interface) {
  if (!interface.ifa_addr || !(interface.ifa_flags & IFF_UP)) return {};
  if (interface.ifa_addr->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, interface.ifa_addr, sizeof v4);
    return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (interface.ifa_addr->sa_family != AF_INET6) return {};
  sockaddr_in6 v6;
  std::memcpy(&v6, interface.ifa_addr, sizeof v6);
  boost::asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  const boost::asio::ip::address_v6 found(bytes);
  if (found.is_link_local()) return {};
  return found;
}

}  // namespace

std::vector<Endpoint> dialable(const Endpoint& bound) {
  boost::system::error_code isName;
  const auto all = boost::asio::ip::make_address(bound.host, isName);
  if (bound.isUnix() || isName || !all.is_unspecified()) return {bound};
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {bound};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> interfaces(list, &::freeifaddrs);
  std::vector<Endpoint> out;
  for (const auto* interface = list; interface; interface = interface->ifa_next) {
    const auto found = ofInterface(*interface);
    // What listens on :: takes those of IPv4 too.
    if (!found || (all.is_v4() && found->is_v6())) continue;
    auto& endpoint = out.emplace_back(bound);
    endpoint.host = found->to_string();
  }
  std::stable_partition(out.begin(), out.end(), [](const Endpoint& endpoint) { return endpoint.isLoopback(); });
  return out;
}

}  // namespace beckon::localbus
