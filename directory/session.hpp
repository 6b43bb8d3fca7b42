#pragma once

#include "directory/peers.hpp"
#include "directory/registrations.hpp"
#include "directory/watch.hpp"
#include "localbus/listener.hpp"
#include "localbus/object.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace beckon::directory {

// A program's place on a bus: it finds and calls services and provides its own. Lives on the executor of `io`.
//
// It lasts until close() (docs/design/018): when the directory goes, it looks for it again, registers what it provides
// under new numbers, and makes its watches again. Connections to services stay meanwhile, and what is called and
// subscribed to on them. A call whose connection ended has failed and is not repeated: it may have been carried out.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // Between two attempts to reach a directory, and to restore what is missing: doubled each time, and each a random
  // part of it shorter, so that the programs of a robot do not all come at once. Half of the longest, a restarted
  // directory and 1000 registrations are well below the 3 s within which all is back.
  static constexpr std::chrono::milliseconds firstWait{50};
  static constexpr std::chrono::milliseconds longestWait{1000};
  // After the directory refused our credentials: they do not become right by themselves, and robots count wrong
  // guesses.
  static constexpr std::chrono::milliseconds refusedWait{10'000};

  struct Options {
    std::string machineId;  // core/run/machine_id.hpp
    localbus::Duration dialTimeout = std::chrono::seconds(3);
    // "auth_user", "auth_token" ..., for the directory and every service; where the directory speaks TLS, for those
    // services only that do, too.
    qi::CapabilityMap credentials = {};
    // Asked when the directory or a service wants more; what it answers is also given from then on, so that a new token
    // ("auth_newToken") can be kept.
    localbus::CredentialSource moreCredentials = {};
    // The credentials of whoever calls our services. Absent: everybody, also through the directory where we cannot be
    // dialled.
    localbus::Authenticator authenticator = {};
    qi::CapabilityMap capabilities = qi::ownCapabilities();
    // Where own services are offered, once there is one; port 0 takes a free one.
    localbus::Endpoint listen{"127.0.0.1", 0};
    // Offers them on a unix socket as well, for programs of Beckon on this computer, and uses those of others.
    bool unixSockets = true;
    std::optional<localbus::TlsContext> tls = {};        // for what is dialled by tcps and tcpsm
    std::optional<localbus::TlsContext> listenTls = {};  // for `listen`, if it is one of these
  };

  // A session once the directory has let it in. Errors: unreachable, timedOut, notAuthenticated, protocolError.
  static boost::asio::awaitable<run::Result<std::shared_ptr<Session>>> connect(boost::asio::io_context& io,
                                                                               localbus::Endpoint directory,
                                                                               Options options, run::Log log);
  // A session at once, which looks for the directory until it is there.
  static std::shared_ptr<Session> keep(boost::asio::io_context& io, localbus::Endpoint directory, Options options,
                                       run::Log log);
  ~Session();
  // Ends all connections and own services; harmless when closed already.
  void close();
  // Whether the directory is there.
  bool isOpen() const { return isOpen_; }
  // Called each time that the directory is there again and what we provide is registered again, after keep() the first
  // time too; and each time that it is lost, by close() not.
  void onOpened(std::function<void()> handler) { onOpened_ = std::move(handler); }
  void onLost(std::function<void(const run::Error&)> handler) { onLost_ = std::move(handler); }

  boost::asio::awaitable<run::Result<std::vector<ServiceInfo>>> services();
  // The service of that name, over a connection that is shared where possible: within the process where it is our own,
  // by a unix socket where that answers, else by the network, else through the directory. Kept until it goes: to ask
  // for it each time costs no message. Errors: unknownService, unreachable, serviceGone.
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::RemoteObject>>> service(
      std::string name, localbus::Duration timeout = std::chrono::seconds(10));

  localbus::Executor executor() { return io_.get_executor(); }
  // How a service's process is reached, for people: "unix:///run/.. (same computer)". Empty if it is not.
  std::string path(const localbus::RemoteObject& object) const;
  // Whether it is reached through the directory, and goes with it.
  bool isRelayed(const localbus::RemoteObject& object) const;

  // Registers and announces `object`; returns its id. From then on it is provided.
  // Errors: nameTaken, invalidArgument, unreachable.
  boost::asio::awaitable<run::Result<std::uint32_t>> registerService(std::string name,
                                                                     std::shared_ptr<localbus::BoundObject> object);
  // Provides `object` whenever that is possible: it is registered when the directory is there and the name is free.
  // Error nameTaken: we provide one of that name already.
  run::Result<> provide(const std::string& name, std::shared_ptr<localbus::BoundObject> object);
  // Ends a service of ours, by any number that it has or had.
  boost::asio::awaitable<run::Result<>> unregisterService(std::uint32_t id);
  // The number of a service of ours; a new directory gives another.
  std::optional<std::uint32_t> id(const std::string& name) const { return registrations_.id(name); }

  // Subscribes for good. Errors: those of service(), unknownMember; afterwards there are none.
  boost::asio::awaitable<run::Result<std::shared_ptr<Watch>>> watch(std::string service, std::string member,
                                                                    Watch::Handlers handlers);

  // Told of every service that comes (true) or goes (false), the name with it. When the directory was lost and is there
  // again, of all that it has, as if they came. One handler.
  using ServiceHandler = std::function<void(bool isThere, std::uint32_t id, const std::string& name)>;
  void onService(ServiceHandler handler) { onService_ = std::move(handler); }
  // Told when the connection to a process, or to the directory, has ended, with the services that were reached by it.
  void onEnded(std::function<void(const localbus::Connection&)> handler) { onEnded_ = std::move(handler); }

 private:
  // The fixed answer time of a directory: it holds no call back.
  static constexpr localbus::Duration directoryTimeout = std::chrono::seconds(5);

  Session(boost::asio::io_context& io, localbus::Endpoint directory, Options options, run::Log log);
  localbus::DialOptions dialOptions();
  run::Result<> listen();
  ServiceInfo ownInfo() const;
  void serviceChanged(bool isThere, const qi::Value& event);

  // session_restore.cpp
  boost::asio::awaitable<run::Result<>> open();
  boost::asio::awaitable<run::Result<>> enter(std::shared_ptr<localbus::Connection> connection);
  boost::asio::awaitable<void> lookForDirectory();
  boost::asio::awaitable<void> restore();
  void makeWatches(const std::string& service);
  boost::asio::awaitable<void> attachAll(std::string service);
  boost::asio::awaitable<run::Result<>> attach(std::shared_ptr<Watch> watch);
  boost::asio::awaitable<bool> registerMissing();
  boost::asio::awaitable<void> tellAll();
  void lost(const run::Error& why);
  void restoreSoon();
  void connectionEnded(const localbus::Connection& connection);
  using IsLost = std::function<bool(const Watch& watch, const localbus::RemoteObject& object)>;
  void detach(const IsLost& isLost);
  void complain(const char* what, const run::Error& error);

  boost::asio::io_context& io_;
  const localbus::Endpoint endpoint_;
  Options options_;
  run::Log log_;
  const std::string sessionId_;
  const std::string secret_;   // by which the directory knows us again
  localbus::ObjectHost host_;  // own services, on every connection
  localbus::Listener listener_;
  std::vector<std::string> listening_;  // URLs
  Registrations registrations_;
  std::shared_ptr<Peers> peers_;
  std::shared_ptr<localbus::Connection> directory_;
  std::shared_ptr<localbus::RemoteObject> directoryObject_;
  std::vector<std::shared_ptr<localbus::RemoteObject::Subscription>> subscriptions_;
  std::map<std::string, std::shared_ptr<localbus::RemoteObject>> objects_;  // by name
  std::set<std::uint32_t> relayed_;                                         // reached through the directory
  std::vector<std::weak_ptr<Watch>> watches_;
  std::set<std::string> attaching_;  // services whose watches are being made
  localbus::Timer retry_;
  std::chrono::milliseconds wait_ = firstWait;
  std::string complained_;
  bool isOpen_ = false, isClosed_ = false, wasLost_ = false;
  bool isRestoring_ = false, restoresAgain_ = false, opensSoon_ = false;
  std::function<void()> onOpened_;
  std::function<void(const run::Error&)> onLost_;
  ServiceHandler onService_;
  std::function<void(const localbus::Connection&)> onEnded_;
};

}  // namespace beckon::directory
