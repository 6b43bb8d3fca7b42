#pragma once

#include "directory/registry.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_builder.hpp"

#include <memory>
#include <string>

namespace beckon::directory {

// The service directory of a bus: service 1 with its members 100 to 108, listening on TCP. Lives on the
// executor of `io`.
class ServiceDirectory {
 public:
  ServiceDirectory(boost::asio::io_context& io, std::string machineId, run::Log log,
                   localbus::Authenticator authenticator = {}, qi::CapabilityMap capabilities = qi::ownCapabilities());

  // Port 0 takes a free one; the endpoint says which.
  run::Result<localbus::Endpoint> start(const localbus::Endpoint& endpoint);
  // Closes every connection; the bus goes down with its directory.
  void stop();

 private:
  std::shared_ptr<localbus::Object> makeObject();
  void tell(const Registry::Change& change);

  std::string machineId_;
  run::Log log_;
  Registry registry_;
  std::optional<localbus::SignalHandle<std::uint32_t, std::string>> serviceAdded_, serviceRemoved_;
  localbus::ObjectHost host_;
  localbus::Listener listener_;
};

}  // namespace beckon::directory
