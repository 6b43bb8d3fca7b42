#pragma once

#include "localbus/object_host.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::directory {

// Services that a client cannot dial, reached through the directory: what comes in for one of them is passed on over
// the connection on which it was registered. Calls, events, and objects within them go through (ForwardedObject).
// Everything on one executor.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  // Messages that wait until a service's meta object is there; a client of ours sends one.
  static constexpr std::size_t maxWaiting = 256;

  // Who provides a service that is listed; null if it takes no calls there.
  using Provider = std::function<std::shared_ptr<localbus::Connection>(std::uint32_t service)>;
  // Whether its provider lets others call it so.
  using MayPass = std::function<bool(const localbus::Connection& provider)>;

  // `host` gets the services that are passed on; outlives this.
  Relay(localbus::ObjectHost& host, Provider provider, MayPass mayPass);

  // The service as the directory's own process calls it. Error: unreachable if its program takes no calls there.
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::RemoteObject>>> object(std::uint32_t service,
                                                                                      std::string name);
  // A message for a service that `host` does not have. False: nor is it passed on.
  bool received(const std::shared_ptr<localbus::Connection>& from, const qi::Message& message);
  // The directory is going: nothing more is passed on.
  void stop();
  // The service is gone.
  void removed(std::uint32_t service);

 private:
  struct Waiting {
    std::weak_ptr<localbus::Connection> from;
    qi::Header header;
    qi::Bytes payload;
  };
  boost::asio::awaitable<void> begin(std::uint32_t service);

  localbus::ObjectHost& host_;
  Provider provider_;
  MayPass mayPass_;
  std::map<std::uint32_t, std::shared_ptr<localbus::RemoteObject>> objects_;  // one each: it owns the events
  std::map<std::uint32_t, std::vector<Waiting>> waiting_;
};

}  // namespace beckon::directory
