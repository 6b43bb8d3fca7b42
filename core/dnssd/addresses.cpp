#include "core/dnssd/addresses.hpp"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <tuple>

namespace beckon::dnssd {

namespace asio = boost::asio;

namespace {

std::optional<asio::ip::address> read(const sockaddr* address) {
  if (address && address->sa_family == AF_INET)
    return asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  if (!address || address->sa_family != AF_INET6) return {};
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes);
}

}  // namespace

std::vector<Addresses::One> Addresses::now() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(all, &::freeifaddrs);
  std::vector<One> out;
  for (const auto* each = all; each; each = each->ifa_next) {
    const auto address = read(each->ifa_addr);
    if (!address || !(each->ifa_flags & IFF_UP) || (each->ifa_flags & IFF_LOOPBACK)) continue;
    if (address->is_v6() && address->to_v6().is_link_local()) continue;
    out.push_back({static_cast<int>(::if_nametoindex(each->ifa_name)), *address});
  }
  std::ranges::sort(out, [](const One& one, const One& other) {
    return std::tie(one.interface, one.address) < std::tie(other.interface, other.address);
  });
  return out;
}

Addresses::Addresses(asio::any_io_executor executor, std::function<void(const std::vector<One>&)> changed)
    : changed_(std::move(changed)), kernel_(std::move(executor)) {}

run::Result<> Addresses::start() {
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (socket < 0 || ::bind(socket, reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) {
    const std::string why = std::strerror(errno);
    if (socket >= 0) ::close(socket);
    return run::Error{run::Code::internal, "the kernel does not tell of its addresses: " + why, {}};
  }
  kernel_.assign(socket);
  wait();
  last_ = now();
  changed_(last_);
  return {};
}

// What it says does not matter, nor whether something was lost: all is looked at anew.
void Addresses::wait() {
  kernel_.async_read_some(asio::buffer(told_), [this](const boost::system::error_code& problem, std::size_t) {
    if (problem == asio::error::operation_aborted) return;
    if (problem && problem != asio::error::no_buffer_space) return;
    auto current = now();
    if (current != last_) changed_(last_ = std::move(current));
    wait();
  });
}

}  // namespace beckon::dnssd
