#include "core/dnssd/announcement.hpp"

#include "core/dnssd/addresses.hpp"
#include "core/dnssd/avahi_server.hpp"

#include <avahi-common/address.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-core/core.h>
#include <avahi-core/publish.h>
#include <boost/asio/post.hpp>

namespace beckon::dnssd {

namespace {

constexpr std::size_t longestLabel = 63;  // RFC 1035 section 2.3.4

// Of the key, which nobody else has: the computer's own name may be announced by another program of it.
std::string hostNameFor(const std::string& key) { return "beckon-" + key.substr(key.find(':') + 1, 16); }

}  // namespace

struct Announcement::State {
  State(boost::asio::any_io_executor on, Robot told, std::function<void(const std::string&)> handler, run::Log to)
      : executor(on),
        robot(std::move(told)),
        announced(std::move(handler)),
        log(std::move(to)),
        dns(on, {true, hostNameFor(robot.text.key)}, [this](int state) { changed(state); }),
        addresses(on, [this](const std::vector<Addresses::One>& now) { announceAddresses(now); }) {
    robot.name.resize(std::min(robot.name.size(), longestLabel));
  }

  // Not from within Avahi's own call, which may be the one that makes the server.
  void changed(int state) {
    boost::asio::post(executor, [weak = std::weak_ptr<bool>(alive), this, state] {
      if (!weak.expired() && dns.handle()) settle(state);
    });
  }
  void settle(int state) {
    if (state == AVAHI_SERVER_RUNNING) publish();
    if (state == AVAHI_SERVER_FAILURE)
      log->warn("the robot is not announced any more: {}", avahi_strerror(avahi_server_errno(dns.handle())));
  }

  void publish() {
    if (!group) group = avahi_s_entry_group_new(dns.handle(), &State::groupChanged, this);
    if (!group || !avahi_s_entry_group_is_empty(group)) return;
    for (;;) {
      const int added = add();
      if (added == AVAHI_OK) break;
      if (added != AVAHI_ERR_COLLISION)
        return log->warn("the robot cannot be announced in the network: {}", avahi_strerror(added));
      avahi_s_entry_group_reset(group);
      useOtherName();
    }
    avahi_s_entry_group_commit(group);
  }
  int add() {
    AvahiStringList* strings = nullptr;
    for (const auto& text : writeText(robot.text)) strings = avahi_string_list_add(strings, text.c_str());
    const int done =
        avahi_server_add_service_strlst(dns.handle(), group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, {},
                                        robot.name.c_str(), serviceType, nullptr, nullptr, robot.port, strings);
    avahi_string_list_free(strings);
    return done;
  }
  void announceAddresses(const std::vector<Addresses::One>& all) {
    if (!places) places = avahi_s_entry_group_new(dns.handle(), &State::placesChanged, this);
    if (!places) return;
    avahi_s_entry_group_reset(places);
    for (const auto& [interface, address] : all) {
      AvahiAddress read;
      const auto text = address.to_string();
      if ((robot.address.empty() || robot.address == text) &&
          avahi_address_parse(text.c_str(), AVAHI_PROTO_UNSPEC, &read))
        avahi_server_add_address(dns.handle(), places, interface, AVAHI_PROTO_UNSPEC, AVAHI_PUBLISH_NO_REVERSE,
                                 avahi_server_get_host_name_fqdn(dns.handle()), &read);
    }
    if (!avahi_s_entry_group_is_empty(places)) avahi_s_entry_group_commit(places);
  }
  void useOtherName() {
    char* const other = avahi_alternative_service_name(robot.name.c_str());
    log->warn("another robot in the network is called {}: this one is announced as {}", robot.name, other);
    robot.name = other;
    avahi_free(other);
  }
  static void groupChanged(AvahiServer*, AvahiSEntryGroup*, AvahiEntryGroupState state, void* self) {
    auto& own = *static_cast<State*>(self);
    boost::asio::post(own.executor, [weak = std::weak_ptr<bool>(own.alive), &own, state] {
      if (weak.expired()) return;
      if (state == AVAHI_ENTRY_GROUP_ESTABLISHED) return own.announced(own.robot.name);
      if (state != AVAHI_ENTRY_GROUP_COLLISION) return;
      avahi_s_entry_group_reset(own.group);
      own.useOtherName();
      own.publish();
    });
  }

  static void placesChanged(AvahiServer*, AvahiSEntryGroup*, AvahiEntryGroupState state, void* self) {
    if (state == AVAHI_ENTRY_GROUP_COLLISION)
      static_cast<State*>(self)->log->warn(
          "another computer announces the key of this robot's LAN door: was its state folder copied?");
  }

  boost::asio::any_io_executor executor;
  Robot robot;
  std::function<void(const std::string&)> announced;
  run::Log log;
  AvahiSEntryGroup *group = nullptr, *places = nullptr;  // of the server, and gone with it
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  MulticastDns dns;
  Addresses addresses;
};

Announcement::Announcement(boost::asio::any_io_executor executor, Robot robot,
                           std::function<void(const std::string& name)> announced, run::Log log)
    : state_(std::make_unique<State>(std::move(executor), std::move(robot), std::move(announced), std::move(log))) {}
Announcement::~Announcement() = default;

run::Result<> Announcement::start() {
  if (const auto started = state_->dns.start(); !started) return started;
  return state_->addresses.start();
}

}  // namespace beckon::dnssd
