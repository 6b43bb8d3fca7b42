#include "core/dnssd/browser.hpp"

#include "core/dnssd/avahi_server.hpp"

#include <avahi-common/address.h>
#include <avahi-common/strlst.h>
#include <avahi-core/lookup.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace beckon::dnssd {

namespace {

// More than that are no robots.
constexpr std::size_t mostRobots = 1024, mostAddresses = 16;

class Browser {
 public:
  Browser(boost::asio::any_io_executor executor, std::function<bool(const FoundRobot&)> enough)
      : enough_(std::move(enough)), over_(executor), dns_(executor, {}, [](int) {}) {}

  run::Result<> start() {
    if (const auto started = dns_.start(); !started) return started;
    // Gone with the server, and the resolvers with it.
    avahi_s_service_browser_new(dns_.handle(), AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, serviceType, nullptr, {},
                                &Browser::appeared, this);
    over_.expires_after(lookTime);
    return {};
  }
  boost::asio::steady_timer& over() { return over_; }
  std::vector<FoundRobot> take() { return std::move(found_); }

 private:
  static void appeared(AvahiSServiceBrowser*, AvahiIfIndex interface, AvahiProtocol protocol, AvahiBrowserEvent event,
                       const char* name, const char* type, const char* domain, AvahiLookupResultFlags, void* self) {
    auto& own = *static_cast<Browser*>(self);
    if (event != AVAHI_BROWSER_NEW || own.asked_ >= mostRobots) return;
    ++own.asked_;
    avahi_s_service_resolver_new(own.dns_.handle(), interface, protocol, name, type, domain, protocol, {},
                                 &Browser::resolved, self);
  }
  static void resolved(AvahiSServiceResolver*, AvahiIfIndex, AvahiProtocol, AvahiResolverEvent event, const char* name,
                       const char*, const char*, const char*, const AvahiAddress* address, std::uint16_t port,
                       AvahiStringList* strings, AvahiLookupResultFlags, void* self) {
    if (event != AVAHI_RESOLVER_FOUND) return;
    std::vector<std::string> texts;
    for (auto* each = strings; each; each = avahi_string_list_get_next(each))
      texts.emplace_back(reinterpret_cast<const char*>(avahi_string_list_get_text(each)),
                         avahi_string_list_get_size(each));
    const auto text = readText(texts);
    char room[AVAHI_ADDRESS_STR_MAX];
    avahi_address_snprint(room, sizeof room, address);
    boost::system::error_code wrong;
    const auto read = boost::asio::ip::make_address(room, wrong);
    if (!text || wrong || port == 0 || (read.is_v6() && read.to_v6().is_link_local())) return;
    static_cast<Browser*>(self)->add(name, *text, port, read);
  }
  void add(const std::string& name, const RobotText& text, std::uint16_t port,
           const boost::asio::ip::address& address) {
    const auto isIt = [&](const FoundRobot& robot) {
      return robot.name == name && robot.text == text && robot.port == port;
    };
    auto robot = std::ranges::find_if(found_, isIt);
    if (robot == found_.end()) robot = found_.insert(found_.end(), {name, text, port, {}});
    auto& all = robot->addresses;
    const auto written = address.to_string();
    if (all.size() < mostAddresses && !std::ranges::count(all, written))
      all.insert(address.is_v4() ? all.begin() : all.end(), written);
    if (enough_(*robot)) over_.cancel();
  }

  std::function<bool(const FoundRobot&)> enough_;
  std::vector<FoundRobot> found_;
  std::size_t asked_ = 0;
  boost::asio::steady_timer over_;
  MulticastDns dns_;
};

}  // namespace

boost::asio::awaitable<run::Result<std::vector<FoundRobot>>> findRobots(std::function<bool(const FoundRobot&)> enough) {
  Browser browser(co_await boost::asio::this_coro::executor, std::move(enough));
  if (const auto started = browser.start(); !started) co_return started.error();
  co_await browser.over().async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return browser.take();
}

}  // namespace beckon::dnssd
