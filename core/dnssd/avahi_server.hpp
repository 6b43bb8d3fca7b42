#pragma once

#include "core/dnssd/avahi_poll.hpp"
#include "core/run/error.hpp"

#include <functional>
#include <memory>
#include <string>

struct AvahiServer;

namespace beckon::dnssd {

// A multicast DNS responder inside this program (docs/design/029), on every network interface that there is and comes.
class MulticastDns {
 public:
  struct Options {
    bool publishes = false;     // otherwise it only asks
    std::string hostName = {};  // for what it publishes: one label, unlike every other in the network
  };
  // `changed` is told each change of state (AvahiServerState), and may call its server.
  MulticastDns(boost::asio::any_io_executor executor, Options options, std::function<void(int state)> changed);
  ~MulticastDns();
  MulticastDns(const MulticastDns&) = delete;
  MulticastDns& operator=(const MulticastDns&) = delete;

  // Error unreachable: there is no network, or its port cannot be had.
  run::Result<> start();
  // Null until start() and in the first call of `changed`, which comes from within it.
  AvahiServer* handle() const { return server_.get(); }

 private:
  struct Free {
    void operator()(AvahiServer* server) const;
  };
  AsioAvahiPoll poll_;
  Options options_;
  std::function<void(int)> changed_;
  std::unique_ptr<AvahiServer, Free> server_;
};

}  // namespace beckon::dnssd
