#pragma once

#include "directory/registry.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/remote_object.hpp"

#include <memory>
#include <string>
#include <vector>

namespace beckon::directory {

// The service directory of a bus: service 1 with its members 100 to 108, listening on TCP. Lives on the
// executor of `io`.
class ServiceDirectory {
 public:
  ServiceDirectory(boost::asio::io_context& io, std::string machineId, run::Log log,
                   localbus::Authenticator authenticator = {}, qi::CapabilityMap capabilities = qi::ownCapabilities());

  // Port 0 takes a free one; the endpoint says which. Again for each further endpoint.
  run::Result<localbus::Endpoint> start(const localbus::Endpoint& endpoint,
                                        std::optional<localbus::TlsContext> tls = {});
  // Registers and announces a service of this process, reached where the directory is; after start(). Returns its id.
  // Error: nameTaken.
  run::Result<std::uint32_t> add(const std::string& name, std::shared_ptr<localbus::Object> object);
  // A service of another process, called over the connection on which it was registered.
  // Errors: unknownService; unreachable if that process takes no calls there.
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::RemoteObject>>> service(std::string name);
  // Closes every connection; the bus goes down with its directory.
  void stop();

 private:
  std::shared_ptr<localbus::Object> makeObject();
  void tell(const Registry::Change& change);

  std::string machineId_;
  const std::string sessionId_;  // of own services; the directory itself has "0"
  std::vector<std::string> urls_;
  run::Log log_;
  Registry registry_;
  std::optional<localbus::SignalHandle<std::uint32_t, std::string>> serviceAdded_, serviceRemoved_;
  localbus::ObjectHost host_;
  localbus::Listener listener_;
};

}  // namespace beckon::directory
