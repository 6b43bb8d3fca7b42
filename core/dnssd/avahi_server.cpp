#include "core/dnssd/avahi_server.hpp"

#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>

namespace beckon::dnssd {

MulticastDns::MulticastDns(boost::asio::any_io_executor executor, Options options,
                           std::function<void(int state)> changed)
    : poll_(std::move(executor)), options_(std::move(options)), changed_(std::move(changed)) {}

MulticastDns::~MulticastDns() = default;

void MulticastDns::Free::operator()(AvahiServer* server) const { avahi_server_free(server); }

run::Result<> MulticastDns::start() {
  // It would write to standard error; what a user has to know comes as states and errors.
  avahi_set_log_function([](AvahiLogLevel, const char*) {});
  AvahiServerConfig config;
  avahi_server_config_init(&config);
  avahi_free(config.host_name);
  config.host_name = options_.hostName.empty() ? nullptr : avahi_strdup(options_.hostName.c_str());
  config.disable_publishing = !options_.publishes;
  // Addresses neither: their names backwards belong to whoever publishes the computer itself, and there is one only.
  config.publish_addresses = config.publish_hinfo = config.publish_workstation = config.publish_domain = 0;
  config.enable_wide_area = 0;
  int problem = 0;
  server_.reset(avahi_server_new(
      poll_.api(), &config,
      [](AvahiServer*, AvahiServerState state, void* self) { static_cast<MulticastDns*>(self)->changed_(state); }, this,
      &problem));
  avahi_server_config_free(&config);
  if (server_) return {};
  return run::Error{run::Code::unreachable,
                    std::string("multicast DNS cannot be used on this computer: ") + avahi_strerror(problem),
                    "check that it has a network, and that no other program keeps UDP port 5353 for itself"};
}

}  // namespace beckon::dnssd
