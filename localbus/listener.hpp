#pragma once

#include "localbus/connection.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/tls_context.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace beckon::localbus {

// Accepts connections for whoever answers their calls, on as many endpoints as are started. A failed accept (a peer
// that is gone already, no descriptors) never ends the accepting. Connections are limited (qi::limits), most of all
// those that have not authenticated: peers that say nothing push out each other. Lives on one executor.
class Listener {
 public:
  // `capabilities`: what is told to the peers.
  Listener(asio::io_context& io, Receiver& receiver, Authenticator authenticator, run::Log log,
           qi::CapabilityMap capabilities = qi::ownCapabilities());
  ~Listener();

  // Port 0 takes a free one. A unix socket is made for this user only, and removed by stop(); it has its name from when
  // it answers. `tls`: for tcps and tcpsm, where it is needed. Errors: unreachable if the address cannot be listened on,
  // invalidArgument without what TLS needs.
  run::Result<Endpoint> start(const Endpoint& endpoint, std::optional<TlsContext> tls = {});
  // Who decides about the credentials of each connection, instead of the one authenticator of all. `address`: of whom
  // the peer is one of many, its IPv4 address or its /64 of IPv6.
  using Screening = std::function<Authenticator(const std::weak_ptr<Connection>& peer, const std::string& address)>;
  void screen(Screening screening) { screening_ = std::move(screening); }
  // Told of each peer once it has authenticated, before any of its calls.
  void onReady(std::function<void(const std::shared_ptr<Connection>&)> handler) { onReady_ = std::move(handler); }
  // The accepted connection with that id; null when it has ended.
  std::shared_ptr<Connection> connection(std::uint64_t id) const;
  // Closes every connection; goes on listening.
  void disconnect(const run::Error& reason);
  // Closes the listening sockets and every connection.
  void stop();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;
  struct Entrance {
    explicit Entrance(Executor executor) : acceptor(executor), retry(executor) {}
    Acceptor acceptor;
    Timer retry;
    std::string path;  // of a unix socket
    std::optional<TlsContext> tls;
  };
  boost::system::error_code openTcp(Entrance& entrance, const asio::ip::tcp::endpoint& address);
  boost::system::error_code openUnix(Entrance& entrance, const std::string& path);
  void accept(Entrance& entrance);
  void take(Socket socket, const std::optional<TlsContext>& tls);
  bool makeRoom(const std::string& address);
  void closeOldest(const std::string& address);
  void isNoLongerWaiting(const std::string& address, std::uint64_t id);

  asio::io_context& io_;
  Receiver& receiver_;
  Authenticator authenticator_;
  qi::CapabilityMap capabilities_;
  run::Log log_;
  Screening screening_;
  std::function<void(const std::shared_ptr<Connection>&)> onReady_;
  std::list<Entrance> entrances_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::map<std::string, std::set<std::uint64_t>> waiting_;  // those that have not authenticated, by address
  std::size_t waitingCount_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace beckon::localbus
