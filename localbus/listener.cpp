#include "localbus/listener.hpp"

#include "core/qi/limits.hpp"
#include "core/run/uuid.hpp"
#include "localbus/tcp_address.hpp"
#include "localbus/tls_channel.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace beckon::localbus {

using boost::system::error_code;
using run::Code;
using run::Error;

// How long accepting rests when the process has no descriptors left.
static constexpr Duration acceptRest = std::chrono::milliseconds(50);

namespace {

// All of unix sockets are this computer.
std::string addressOf(const Socket& socket) {
  error_code problem;
  const auto remote = socket.remote_endpoint(problem);
  const auto tcp = problem ? std::nullopt : tcpAddress(remote);
  if (!tcp) return "unix";
  return holderOf(tcp->address());
}

}  // namespace

Listener::Listener(asio::io_context& io, Receiver& receiver, Authenticator authenticator, run::Log log,
                   qi::CapabilityMap capabilities)
    : io_(io),
      receiver_(receiver),
      authenticator_(std::move(authenticator)),
      capabilities_(std::move(capabilities)),
      log_(std::move(log)) {}

Listener::~Listener() { stop(); }

run::Result<Endpoint> Listener::start(const Endpoint& endpoint, std::optional<TlsContext> tls) {
  if (endpoint.isTls() && (!tls || !tls->isServer() || tls->verifies() != (endpoint.scheme == Endpoint::Scheme::tcpsm)))
    return Error{Code::invalidArgument, "cannot listen on " + endpoint.url() + ": what TLS needs for it was not given",
                 "give a certificate and its key; for tcpsm the authorities of the clients, too"};
  error_code problem;
  const auto cannot = [&](const std::string& next) {
    return Error{Code::unreachable, "cannot listen on " + endpoint.url() + ": " + problem.message(), next};
  };
  auto& entrance = entrances_.emplace_back(io_.get_executor());
  if (endpoint.isUnix()) {
    problem = openUnix(entrance, endpoint.path);
  } else {
    asio::ip::tcp::resolver resolver(io_);
    const auto found =
        resolver.resolve(endpoint.host, std::to_string(endpoint.port), asio::ip::tcp::resolver::passive, problem);
    if (problem) {
      entrances_.pop_back();
      return cannot("give an address of this computer, such as 127.0.0.1");
    }
    problem = openTcp(entrance, found.begin()->endpoint());
  }
  if (problem) {
    entrances_.pop_back();
    if (endpoint.isUnix()) return cannot("choose a path that is free and short, in a folder of your own");
    return cannot(problem == asio::error::address_in_use ? "stop what listens there, or choose another port"
                                                         : "choose an address of this computer and a port above 1023");
  }
  if (endpoint.isTls()) entrance.tls = std::move(tls);
  accept(entrance);
  if (endpoint.isUnix()) {
    entrance.path = endpoint.path;
    return endpoint;
  }
  auto out = endpoint;
  out.port = tcpAddress(entrance.acceptor.local_endpoint()).value().port();
  return out;
}

error_code Listener::openTcp(Entrance& entrance, const asio::ip::tcp::endpoint& address) {
  error_code problem;
  auto& acceptor = entrance.acceptor;
  acceptor.open(address.protocol(), problem);
  if (!problem) acceptor.set_option(asio::socket_base::reuse_address(true), problem);
  if (!problem) acceptor.bind(address, problem);
  if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
  return problem;
}

// A socket that is bound refuses until it listens: who found it then would take it for one that a dead process left
// behind. So it gets its name when it listens already. link() takes no name that somebody has.
error_code Listener::openUnix(Entrance& entrance, const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const auto draft = (folder / ("." + run::makeUuid().substr(0, 8))).string();
  error_code problem;
  if (draft.size() >= sizeof(sockaddr_un{}.sun_path)) return {ENAMETOOLONG, boost::system::system_category()};
  auto& acceptor = entrance.acceptor;
  acceptor.open(asio::local::stream_protocol(), problem);
  // Whoever may open the file may call: only this user.
  const auto mask = ::umask(0077);
  if (!problem) acceptor.bind(asio::local::stream_protocol::endpoint(draft), problem);
  ::umask(mask);
  if (problem) return problem;
  acceptor.listen(asio::socket_base::max_listen_connections, problem);
  if (!problem && ::link(draft.c_str(), path.c_str()) != 0)
    problem = errno == EEXIST ? asio::error::address_in_use : error_code(errno, boost::system::system_category());
  ::unlink(draft.c_str());
  return problem;
}

std::shared_ptr<Connection> Listener::connection(std::uint64_t id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

void Listener::stop() {
  *alive_ = false;
  alive_ = std::make_shared<bool>(true);
  for (auto& entrance : entrances_)
    if (!entrance.path.empty()) ::unlink(entrance.path.c_str());
  entrances_.clear();
  disconnect({Code::connectionLost, "the listener stopped", {}});
}

void Listener::disconnect(const Error& reason) {
  waiting_.clear();
  waitingCount_ = 0;
  for (auto& [id, connection] : std::exchange(connections_, {})) connection->close(reason);
}

void Listener::accept(Entrance& entrance) {
  const auto accepted = [this, &entrance, alive = alive_](error_code problem, Socket socket) {
    if (!*alive || problem == asio::error::operation_aborted) return;
    if (!problem) {
      take(std::move(socket), entrance.tls);
      return accept(entrance);
    }
    if (problem != asio::error::no_descriptors && problem != asio::error::no_buffer_space &&
        problem != asio::error::no_memory)
      return accept(entrance);
    log_->warn("cannot accept: {}", problem.message());
    entrance.retry.expires_after(acceptRest);
    entrance.retry.async_wait([this, &entrance, alive](error_code cancelled) {
      if (*alive && !cancelled) accept(entrance);
    });
  };
  entrance.acceptor.async_accept(io_.get_executor(), accepted);
}

void Listener::take(Socket socket, const std::optional<TlsContext>& tls) {
  const auto address = addressOf(socket);
  if (!makeRoom(address)) {
    log_->warn("more than {} connections: one more was closed", qi::limits::maxConnections);
    return;
  }
  auto connection = Connection::accepted(std::move(socket), authenticator_, &receiver_, log_, capabilities_,
                                         tls ? std::make_unique<TlsChannel>(*tls) : nullptr);
  if (screening_) connection->setAuthenticator(screening_(connection, address));
  const auto id = connection->id();
  connections_.emplace(id, connection);
  waiting_[address].insert(id);
  ++waitingCount_;
  connection->onClosed([this, alive = alive_, id](const Error& reason) {
    if (!*alive) return;
    log_->debug("connection {} ended: {}", id, reason.cause);
    connections_.erase(id);
  });
  connection->start([this, alive = alive_, id, address](run::Result<> ready) {
    if (!*alive) return;
    isNoLongerWaiting(address, id);
    if (const auto peer = ready && onReady_ ? this->connection(id) : nullptr) onReady_(peer);
  });
}

// For one more from there.
bool Listener::makeRoom(const std::string& address) {
  const auto same = waiting_.find(address);
  if (same != waiting_.end() && same->second.size() >= qi::limits::maxUnauthenticatedOfAddress) closeOldest(address);
  const bool isFull = connections_.size() >= qi::limits::maxConnections;
  if (waitingCount_ >= qi::limits::maxUnauthenticated || (isFull && waitingCount_ > 0)) {
    const auto fewer = [](const auto& one, const auto& other) { return one.second.size() < other.second.size(); };
    closeOldest(std::max_element(waiting_.begin(), waiting_.end(), fewer)->first);
  }
  return connections_.size() < qi::limits::maxConnections;
}

void Listener::closeOldest(const std::string& address) {
  const auto oldest = connections_.at(*waiting_.at(address).begin());
  oldest->close({Code::overloaded, "too many connections have not authenticated", {}});
}

void Listener::isNoLongerWaiting(const std::string& address, std::uint64_t id) {
  const auto same = waiting_.find(address);
  if (same == waiting_.end() || !same->second.erase(id)) return;
  --waitingCount_;
  if (same->second.empty()) waiting_.erase(same);
}

}  // namespace beckon::localbus
