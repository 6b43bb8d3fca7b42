#pragma once

#include "localbus/endpoint.hpp"
#include "localbus/object_host.hpp"

#include <set>

namespace beckon::localbus {

// Accepts TCP connections for an ObjectHost. A failed accept (a peer that is gone already, no descriptors)
// never ends the accepting. Lives on one executor.
class Listener {
 public:
  // More connections than these are closed at once.
  static constexpr std::size_t maxConnections = 10'000;

  // `capabilities`: what is told to the peers.
  Listener(asio::io_context& io, ObjectHost& host, Authenticator authenticator, run::Log log,
           qi::CapabilityMap capabilities = qi::ownCapabilities());
  ~Listener();

  // Port 0 takes a free one. Error unreachable or invalidArgument if the address cannot be listened on.
  run::Result<Endpoint> start(const Endpoint& endpoint);
  // The accepted connection with that id; null when it has ended.
  std::shared_ptr<Connection> connection(std::uint64_t id) const;
  // Closes the listening socket and every connection.
  void stop();

 private:
  void accept();
  void take(Socket socket);

  asio::io_context& io_;
  ObjectHost& host_;
  Authenticator authenticator_;
  qi::CapabilityMap capabilities_;
  run::Log log_;
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_;
  Timer retry_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace beckon::localbus
