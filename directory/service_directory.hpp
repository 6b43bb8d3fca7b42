#pragma once

#include "directory/registry.hpp"
#include "directory/relay.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/remote_object.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::directory {

// The service directory of a bus: service 1 with its members 100 to 108, listening on TCP. Lives on the
// executor of `io`. A session has one connection: when it connects again, the one that it had is closed, and the names
// that it had are free. A service that a client cannot dial is reached through the directory (Relay).
class ServiceDirectory {
 public:
  // `ids`: numbers that do not repeat after a restart, if they are kept in a file.
  ServiceDirectory(boost::asio::io_context& io, std::string machineId, run::Log log,
                   localbus::Authenticator authenticator = {}, qi::CapabilityMap capabilities = qi::ownCapabilities(),
                   ServiceIds ids = {});
  ~ServiceDirectory() { stop(); }
  ServiceDirectory(const ServiceDirectory&) = delete;
  ServiceDirectory& operator=(const ServiceDirectory&) = delete;

  // Port 0 takes a free one; the endpoint says which. Again for each further endpoint.
  run::Result<localbus::Endpoint> start(const localbus::Endpoint& endpoint,
                                        std::optional<localbus::TlsContext> tls = {});
  // Registers and announces a service of this process, reached where the directory is; after start(). Returns its id.
  // Error: nameTaken.
  run::Result<std::uint32_t> add(const std::string& name, std::shared_ptr<localbus::Object> object);
  // A service of another process, called over the connection on which it was registered.
  // Errors: unknownService; unreachable if that process takes no calls there.
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::RemoteObject>>> service(std::string name);
  // Closes every connection. Services stay where they are and can be registered with the next directory.
  void stop();

 private:
  std::shared_ptr<localbus::Object> makeObject();
  void resume(const localbus::Connection& connection);
  std::shared_ptr<localbus::Connection> provider(std::uint32_t service) const;
  bool mayForesee(std::uint64_t connection) const;
  void tell(const Registry::Change& change);

  std::string machineId_;
  const std::string sessionId_;  // of own services; the directory itself has "0"
  std::vector<std::string> urls_;
  run::Log log_;
  Registry registry_;
  std::optional<localbus::SignalHandle<std::uint32_t, std::string>> serviceAdded_, serviceRemoved_;
  std::map<std::string, std::uint64_t> sessions_;  // the connection of each that told its secret
  localbus::ObjectHost host_;
  std::shared_ptr<Relay> relay_;
  localbus::Listener listener_;
};

}  // namespace beckon::directory
