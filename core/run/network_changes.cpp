#include "core/run/network_changes.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace beckon::run {
namespace {

// One event of a cable or a radio is several of the kernel's.
constexpr std::chrono::milliseconds settling{250};

// 169.254/16 and fe80::/10: no server is there, and containers come and go with them.
bool isOfTheLink(const sockaddr& address) {
  if (address.sa_family == AF_INET6)
    return IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 16 == 0xA9FE;
}

// What a connection depends on. The kernel tells of more: lifetimes that were renewed, routes that were set again.
std::set<std::string> network() {
  std::set<std::string> out;
  ifaddrs* found = nullptr;
  if (getifaddrs(&found) == 0) {
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(found, &freeifaddrs);
    for (const auto* one = found; one; one = one->ifa_next) {
      if (!one->ifa_addr || !(one->ifa_flags & IFF_RUNNING)) continue;
      const auto family = one->ifa_addr->sa_family;
      if ((family != AF_INET && family != AF_INET6) || isOfTheLink(*one->ifa_addr)) continue;
      const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
      std::array<char, NI_MAXHOST> text{};
      if (getnameinfo(one->ifa_addr, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
        out.insert(std::string(one->ifa_name) + " " + text.data());
    }
  }
  // proc(5): interface, destination, gateway, ... and for IPv6 destination, its length, source, its length, gateway,
  // ...
  std::ifstream routes("/proc/net/route");
  for (std::string line, device, destination, gateway; std::getline(routes, line);)
    if (std::istringstream(line) >> device >> destination >> gateway && destination == "00000000")
      out.insert(device + " via " + gateway);
  std::ifstream routes6("/proc/net/ipv6_route");
  for (std::string line, destination, length, source, sourceLength, gateway; std::getline(routes6, line);)
    if (std::istringstream(line) >> destination >> length >> source >> sourceLength >> gateway && length == "00" &&
        line.substr(line.rfind(' ') + 1) != "lo")
      out.insert(line.substr(line.rfind(' ') + 1) + " via " + gateway);
  return out;
}

}  // namespace

struct NetworkChanges::State : std::enable_shared_from_this<State> {
  boost::asio::posix::stream_descriptor socket;
  boost::asio::steady_timer timer;
  std::function<void()> changed;  // empty: nobody wants to know any more
  std::set<std::string> last = network();
  bool isSettling = false;

  State(const boost::asio::any_io_executor& executor, std::function<void()> changed_)
      : socket(executor), timer(executor), changed(std::move(changed_)) {}

  bool open() {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) return false;
    socket.assign(fd);
    sockaddr_nl groups{};
    groups.nl_family = AF_NETLINK;
    groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&groups), sizeof(groups)) == 0;
  }

  void listen() {
    socket.async_wait(socket.wait_read, [self = shared_from_this()](boost::system::error_code error) {
      if (error || !self->changed) return;
      // What it says exactly does not matter, also not that some of it was lost (ENOBUFS): see network().
      std::array<char, 8192> ignored;
      while (::recv(self->socket.native_handle(), ignored.data(), ignored.size(), 0) > 0 || errno == ENOBUFS) {
      }
      self->settle();
      self->listen();
    });
  }

  void settle() {
    if (std::exchange(isSettling, true)) return;
    timer.expires_after(settling);
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      self->isSettling = false;
      if (error || !self->changed) return;
      auto now = network();
      if (now == self->last) return;
      self->last = std::move(now);
      const auto tell = self->changed;
      tell();
    });
  }
};

NetworkChanges::NetworkChanges(boost::asio::any_io_executor executor, std::function<void()> changed, Log log)
    : state_(std::make_shared<State>(executor, std::move(changed))) {
  if (state_->open())
    state_->listen();
  else
    log->warn("changes of the network are not noticed at once: {}", std::strerror(errno));
}

NetworkChanges::~NetworkChanges() {
  state_->changed = nullptr;
  boost::system::error_code ignored;
  state_->socket.close(ignored);
  state_->timer.cancel();
}

}  // namespace beckon::run
