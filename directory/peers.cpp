#include "directory/peers.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace beckon::directory {

using boost::asio::awaitable;
using localbus::Connection;
using localbus::Endpoint;
using run::Code;
using run::Error;
using run::Result;

namespace {

void end(Connection& connection, const Error& reason) {
  connection.setReceiver(nullptr);
  connection.close(reason);
}

}  // namespace

Peers::Peers(boost::asio::io_context& io, localbus::ObjectHost& own, Options options, run::Log log)
    : io_(io), own_(own), options_(std::move(options)), log_(std::move(log)) {}

void Peers::setDirectory(std::shared_ptr<Connection> connection, std::string url) {
  directory_ = std::move(connection);
  directoryUrl_ = std::move(url);
}

std::shared_ptr<Connection> Peers::known(const std::string& process) const {
  const auto found = processes_.find(process);
  if (found == processes_.end() || !found->second.connection->isReady()) return nullptr;
  return found->second.connection;
}

// On one machine every endpoint leads there. From another one loopback never does, but two containers of one machine
// may share a unix socket. Schemes of somebody else's are passed over.
std::vector<Endpoint> Peers::candidates(const ServiceInfo& info) const {
  const bool isLocal = info.machineId == options_.machineId;
  std::vector<Endpoint> out;
  for (const auto& url : info.endpoints)
    if (const auto endpoint = Endpoint::parse(url))
      if (endpoint->isUnix() ? options_.unixSockets : isLocal || !endpoint->isLoopback()) out.push_back(*endpoint);
  return out;
}

awaitable<Result<std::shared_ptr<Connection>>> Peers::to(ServiceInfo info) {
  const auto self = shared_from_this();
  const bool hasSession = !info.sessionId.empty() && info.sessionId != "0";
  const std::string process = hasSession || info.endpoints.empty() ? info.sessionId : info.endpoints.front();
  for (;;) {
    if (const auto open = known(process)) co_return open;
    const auto other = dialing_.find(process);
    if (other == dialing_.end()) break;
    const auto done = other->second;
    co_await done->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  dialing_.emplace(process, std::make_shared<localbus::Timer>(io_.get_executor(), localbus::Timer::time_point::max()));
  // However it ends: others may wait for that.
  struct Dialing {
    ~Dialing() { peers.dialing_.extract(process).mapped()->cancel(); }
    Peers& peers;
    const std::string& process;
  } const dialing{*this, process};
  co_return co_await dial(process, std::move(info));
}

awaitable<Result<std::shared_ptr<Connection>>> Peers::dial(std::string process, ServiceInfo info) {
  auto ways = candidates(info);
  // A service of the directory's own process, or of the gateway that the directory is in: whatever address it says of
  // itself, that it was reached at leads there.
  if (directory_ && directory_->isReady() && !info.sessionId.empty() &&
      directory_->capabilities().remoteText(qi::capability::beckonSession) == info.sessionId)
    co_return directory_;
  for (const auto& endpoint : ways)
    if (endpoint.url() == directoryUrl_) co_return directory_;
  const Error none{Code::unreachable, info.name + " has no endpoint that can be reached from here",
                   "let it listen on an address of its network, not only on 127.0.0.1"};
  if (ways.empty()) co_return none;
  // Computers that are copies of each other say the same of themselves: a port here may be another program's.
  const auto isRight = [name = info.name, session = info.sessionId](const Connection& to) -> Result<> {
    const auto told = to.capabilities().remoteText(qi::capability::beckonSession);
    if (told.empty() || told == session) return {};
    return Error{Code::unreachable, "another program answers where it was said to be", {}};
  };
  auto dialing = localbus::dialFirst(io_, std::move(ways), options_.dialOptions(), isRight, log_);
  const auto dialed = co_await std::move(dialing);
  if (!dialed)
    co_return Error{dialed.error().code, info.name + ": " + dialed.error().cause, "check that its program still runs"};
  if (isClosed_) {
    const Error closed{Code::connectionLost, "the session was closed", "connect again"};
    end(*dialed->connection, closed);
    co_return closed;
  }
  keep(process, *dialed);
  log_->debug("{} is reached by {}", info.name, path(dialed->connection));
  co_return dialed->connection;
}

void Peers::keep(const std::string& process, const localbus::Dialed& dialed) {
  processes_.insert_or_assign(process, dialed);
  dialed.connection->onClosed([weak = weak_from_this(), process, id = dialed.connection->id()](const Error&) {
    const auto self = weak.lock();
    if (!self) return;
    const auto found = self->processes_.find(process);
    if (found == self->processes_.end() || found->second.connection->id() != id) return;
    const auto connection = found->second.connection;
    self->processes_.erase(found);
    self->options_.ended(*connection);
  });
}

std::shared_ptr<Connection> Peers::toSelf() {
  if (self_.empty()) {
    const auto [ours, theirs] = Connection::pair(io_.get_executor(), nullptr, &own_, log_);
    self_ = {ours, theirs};
  }
  return self_.front();
}

std::string Peers::path(const std::shared_ptr<Connection>& connection) const {
  if (!self_.empty() && connection == self_.front()) return "within the process";
  if (connection == directory_) return directoryUrl_ + " (with the directory)";
  for (const auto& [process, dialed] : processes_)
    if (dialed.connection == connection)
      return dialed.endpoint.url() + (dialed.endpoint.isLoopback() ? " (same computer)" : " (network)");
  return {};
}

void Peers::close(const Error& reason) {
  isClosed_ = true;
  for (const auto& [process, dialed] : std::exchange(processes_, {})) end(*dialed.connection, reason);
  for (const auto& one : std::exchange(self_, {})) end(*one, reason);
  if (directory_) end(*directory_, reason);
}

}  // namespace beckon::directory
