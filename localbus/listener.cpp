#include "localbus/listener.hpp"

namespace beckon::localbus {

using boost::system::error_code;
using run::Code;
using run::Error;

// How long accepting rests when the process has no descriptors left.
static constexpr Duration acceptRest = std::chrono::milliseconds(50);

Listener::Listener(asio::io_context& io, ObjectHost& host, Authenticator authenticator, run::Log log,
                   qi::CapabilityMap capabilities)
    : io_(io),
      host_(host),
      authenticator_(std::move(authenticator)),
      capabilities_(std::move(capabilities)),
      log_(std::move(log)),
      acceptor_(io.get_executor()),
      retry_(io.get_executor()) {}

Listener::~Listener() { stop(); }

run::Result<Endpoint> Listener::start(const Endpoint& endpoint) {
  error_code problem;
  const auto cannot = [&](const std::string& next) {
    return Error{Code::unreachable, "cannot listen on " + endpoint.url() + ": " + problem.message(), next};
  };
  asio::ip::tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(endpoint.host, std::to_string(endpoint.port), asio::ip::tcp::resolver::passive, problem);
  if (problem) return cannot("give an address of this computer, such as 127.0.0.1");
  const asio::ip::tcp::endpoint address = *found.begin();
  acceptor_.open(address.protocol(), problem);
  if (!problem) acceptor_.set_option(asio::socket_base::reuse_address(true), problem);
  if (!problem) acceptor_.bind(address, problem);
  if (!problem) acceptor_.listen(asio::socket_base::max_listen_connections, problem);
  if (problem) {
    error_code ignored;
    acceptor_.close(ignored);
    return cannot(problem == asio::error::address_in_use ? "stop what listens there, or choose another port"
                                                         : "choose an address of this computer and a port above 1023");
  }
  accept();
  return Endpoint{endpoint.host, acceptor_.local_endpoint().port()};
}

std::shared_ptr<Connection> Listener::connection(std::uint64_t id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

void Listener::stop() {
  *alive_ = false;
  error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
  auto connections = std::exchange(connections_, {});
  for (auto& [id, connection] : connections) connection->close({Code::connectionLost, "the listener stopped", {}});
}

void Listener::accept() {
  acceptor_.async_accept(io_.get_executor(), [this, alive = alive_](error_code problem, Socket socket) {
    if (!*alive || problem == asio::error::operation_aborted) return;
    if (!problem) {
      take(std::move(socket));
      return accept();
    }
    if (problem != asio::error::no_descriptors && problem != asio::error::no_buffer_space &&
        problem != asio::error::no_memory)
      return accept();
    log_->warn("cannot accept: {}", problem.message());
    retry_.expires_after(acceptRest);
    retry_.async_wait([this, alive](error_code cancelled) {
      if (*alive && !cancelled) accept();
    });
  });
}

void Listener::take(Socket socket) {
  if (connections_.size() >= maxConnections) {
    log_->warn("more than {} connections: one more was closed", maxConnections);
    return;
  }
  auto connection = Connection::accepted(std::move(socket), authenticator_, &host_, log_, capabilities_);
  connections_.emplace(connection->id(), connection);
  connection->onClosed([this, alive = alive_, id = connection->id()](const Error& reason) {
    if (!*alive) return;
    log_->debug("connection {} ended: {}", id, reason.cause);
    connections_.erase(id);
  });
  connection->start([](run::Result<>) {});
}

}  // namespace beckon::localbus
