#pragma once

#include "directory/peers.hpp"
#include "localbus/listener.hpp"
#include "localbus/object.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::directory {

// A program's place on a bus: it finds and calls services and registers its own. Lives on the executor of
// `io`; when the directory goes, the session is closed and a new one has to be made.
class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Options {
    std::string machineId;  // core/run/machine_id.hpp
    localbus::Duration dialTimeout = std::chrono::seconds(3);
    qi::CapabilityMap credentials = {};  // "auth_user", "auth_token" ..., for the directory and every service
    // Asked when the directory or a service wants more; what it answers is also given from then on, so that a new token
    // ("auth_newToken") can be kept.
    localbus::CredentialSource moreCredentials = {};
    // The credentials of whoever calls our services. Absent: everybody.
    localbus::Authenticator authenticator = {};
    qi::CapabilityMap capabilities = qi::ownCapabilities();
    // Where own services are offered, once there is one; port 0 takes a free one.
    localbus::Endpoint listen{"127.0.0.1", 0};
    // Offers them on a unix socket as well, for programs of Beckon on this computer, and uses those of others.
    bool unixSockets = true;
    std::optional<localbus::TlsContext> tls = {};        // for what is dialled by tcps and tcpsm
    std::optional<localbus::TlsContext> listenTls = {};  // for `listen`, if it is one of these
  };

  // Errors: unreachable, timedOut, notAuthenticated, protocolError.
  static boost::asio::awaitable<run::Result<std::shared_ptr<Session>>> connect(boost::asio::io_context& io,
                                                                               localbus::Endpoint directory,
                                                                               Options options, run::Log log);
  ~Session();
  // Ends all connections and own services; harmless when closed already.
  void close();
  bool isOpen() const { return directory_ && directory_->isOpen(); }
  // Called once when the directory is lost or close() is called.
  void onClosed(std::function<void(const run::Error&)> handler) { onClosed_ = std::move(handler); }

  boost::asio::awaitable<run::Result<std::vector<ServiceInfo>>> services();
  // The service of that name, over a connection that is shared where possible: within the process where it is our own,
  // by a unix socket where that answers, else by the network. Kept until it goes.
  // Errors: unknownService, unreachable, serviceGone.
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::RemoteObject>>> service(
      std::string name, localbus::Duration timeout = std::chrono::seconds(10));

  localbus::Executor executor() { return io_.get_executor(); }
  // How a service's process is reached, for people: "unix:///run/.. (same computer)". Empty if it is not.
  std::string path(const localbus::RemoteObject& object) const { return peers_->path(object.connection()); }

  // Registers and announces `object`; returns its id. Errors: nameTaken, invalidArgument, unreachable.
  boost::asio::awaitable<run::Result<std::uint32_t>> registerService(std::string name,
                                                                     std::shared_ptr<localbus::BoundObject> object);
  boost::asio::awaitable<run::Result<>> unregisterService(std::uint32_t id);

  // Told of every service that comes (true) or goes (false), the name with it. One handler.
  using ServiceHandler = std::function<void(bool isThere, std::uint32_t id, const std::string& name)>;
  void onService(ServiceHandler handler) { onService_ = std::move(handler); }

 private:
  Session(boost::asio::io_context& io, Options options, run::Log log);
  boost::asio::awaitable<run::Result<>> open(localbus::Endpoint directory);
  localbus::DialOptions dialOptions();
  run::Result<> listen();
  void serviceChanged(bool isThere, const qi::Value& event);

  boost::asio::io_context& io_;
  Options options_;
  run::Log log_;
  const std::string sessionId_;
  localbus::ObjectHost host_;  // own services, on every connection
  localbus::Listener listener_;
  std::vector<std::string> listening_;             // URLs
  std::map<std::string, std::uint32_t> provided_;  // own services, by name
  std::shared_ptr<Peers> peers_;
  std::shared_ptr<localbus::Connection> directory_;
  std::shared_ptr<localbus::RemoteObject> directoryObject_;
  std::vector<std::shared_ptr<localbus::RemoteObject::Subscription>> subscriptions_;
  std::map<std::string, std::shared_ptr<localbus::RemoteObject>> objects_;  // by name
  std::function<void(const run::Error&)> onClosed_;
  ServiceHandler onService_;
};

}  // namespace beckon::directory
