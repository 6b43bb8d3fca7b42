#include "directory/session.hpp"

#include "core/run/uuid.hpp"
#include "localbus/private_socket.hpp"

#include <unistd.h>

namespace beckon::directory {

using boost::asio::awaitable;
using localbus::Connection;
using localbus::Endpoint;
using localbus::RemoteObject;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

namespace {

// The fixed answer time of a directory: it holds no call back.
constexpr localbus::Duration directoryTimeout = std::chrono::seconds(5);

template <class... Args>
Value arguments(const Args&... each) {
  return qi::Tuple{{qi::toValue(each)...}, {}};
}

// So that whoever dials us knows that it is us.
qi::CapabilityMap named(qi::CapabilityMap capabilities, const std::string& sessionId) {
  capabilities.insert_or_assign(qi::capability::beckonSession, qi::dynamic(sessionId));
  return capabilities;
}

}  // namespace

Session::Session(boost::asio::io_context& io, Options options, run::Log log)
    : io_(io),
      options_(std::move(options)),
      log_(log),
      sessionId_(run::makeUuid()),
      listener_(io, host_, options_.authenticator, log, named(options_.capabilities, sessionId_)) {}

Session::~Session() {
  onClosed_ = nullptr;
  close();
}

awaitable<Result<std::shared_ptr<Session>>> Session::connect(boost::asio::io_context& io, Endpoint directory,
                                                             Options options, run::Log log) {
  std::shared_ptr<Session> session(new Session(io, std::move(options), std::move(log)));
  const auto opened = co_await session->open(directory);
  if (!opened) co_return opened.error();
  co_return session;
}

awaitable<Result<>> Session::open(Endpoint directory) {
  auto connection = co_await localbus::dial(io_, directory, dialOptions(), log_);
  if (!connection) co_return connection.error();
  directory_ = *connection;
  auto object = co_await RemoteObject::open(directory_, qi::directoryService, "ServiceDirectory", directoryTimeout);
  if (!object) co_return object.error();
  directoryObject_ = *object;
  for (const bool isThere : {true, false}) {
    auto subscription = co_await directoryObject_->subscribe(
        isThere ? "serviceAdded" : "serviceRemoved",
        [this, isThere](const Value& event) { serviceChanged(isThere, event); }, directoryTimeout);
    if (!subscription) co_return subscription.error();
    subscriptions_.push_back(*subscription);
  }
  directory_->onClosed([weak = weak_from_this()](const Error& reason) {
    const auto self = weak.lock();
    if (!self) return;
    const auto handler = std::exchange(self->onClosed_, {});
    self->close();
    if (handler) handler(reason);
  });
  co_return Result<>();
}

localbus::DialOptions Session::dialOptions() {
  const auto more = [weak = weak_from_this()](const qi::CapabilityMap& asked) -> qi::CapabilityMap {
    const auto self = weak.lock();
    if (!self) return {};
    auto credentials = self->options_.moreCredentials(asked);
    for (const auto& [key, value] : credentials) self->options_.credentials.insert_or_assign(key, value);
    return credentials;
  };
  return {.timeout = options_.dialTimeout,
          .credentials = options_.credentials,
          .more = options_.moreCredentials ? localbus::CredentialSource(more) : nullptr,
          .capabilities = named(options_.capabilities, sessionId_),
          .receiver = &host_};
}

void Session::close() {
  const Error reason{Code::connectionLost, "the session was closed", {}};
  subscriptions_.clear();
  objects_.clear();
  auto connections = std::exchange(connections_, {});
  for (auto& [session, dialed] : connections) {
    dialed.connection->setReceiver(nullptr);
    dialed.connection->close(reason);
  }
  for (const auto& end : std::exchange(toSelf_, {})) {
    end->setReceiver(nullptr);
    end->close(reason);
  }
  listener_.stop();
  if (directory_) {
    directory_->setReceiver(nullptr);
    directory_->close(reason);
  }
}

void Session::serviceChanged(bool isThere, const Value& event) {
  const auto typed = qi::fromValue<std::tuple<std::uint32_t, std::string>>(event);
  if (!typed) return;
  const auto& [id, name] = *typed;
  if (const auto object = objects_.find(name);
      !isThere && object != objects_.end() && object->second->service() == id) {
    const auto gone = object->second;
    objects_.erase(object);
    // Its connection may serve others, or hang.
    gone->connection()->abandon(id, {Code::serviceGone, "Service removed", "wait until it is there again"});
  }
  if (onService_) onService_(isThere, id, name);
}

awaitable<Result<std::vector<ServiceInfo>>> Session::services() {
  const auto self = shared_from_this();
  const auto answer = co_await directoryObject_->call("services", arguments(), directoryTimeout);
  if (!answer) co_return answer.error();
  co_return qi::fromValue<std::vector<ServiceInfo>>(*answer);
}

awaitable<Result<std::shared_ptr<RemoteObject>>> Session::service(std::string name, localbus::Duration timeout) {
  const auto self = shared_from_this();
  if (const auto known = objects_.find(name); known != objects_.end()) {
    if (known->second->connection()->isReady()) co_return known->second;
    objects_.erase(known);
  }
  if (const auto own = provided_.find(name); own != provided_.end()) {
    auto object = co_await RemoteObject::open(connectionToSelf(), own->second, name, timeout);
    if (object) objects_[name] = *object;
    co_return object;
  }
  const auto answer = co_await directoryObject_->call("service", arguments(name), directoryTimeout);
  if (!answer) {
    if (answer.error().code != Code::callFailed) co_return answer.error();
    co_return Error{Code::unknownService, "there is no service \"" + name + "\"",
                    "list what there is with the verb services"};
  }
  const auto info = qi::fromValue<ServiceInfo>(*answer);
  if (!info) co_return info.error();
  if (info->serviceId == qi::directoryService) co_return directoryObject_;
  const auto connection = co_await connectionTo(*info);
  if (!connection) co_return connection.error();
  auto object = co_await RemoteObject::open(*connection, info->serviceId, name, timeout);
  if (!object) co_return object;
  // Another request may have been quicker: an object on a connection has one owner of its events.
  const auto [kept, isNew] = objects_.try_emplace(name, *object);
  if (!isNew &&
      ((*object)->connection() != kept->second->connection() || (*object)->service() != kept->second->service()))
    kept->second = *object;
  co_return kept->second;
}

awaitable<Result<std::shared_ptr<Connection>>> Session::connectionTo(const ServiceInfo& info) {
  const bool hasSession = !info.sessionId.empty() && info.sessionId != "0";
  const std::string key = hasSession || info.endpoints.empty() ? info.sessionId : info.endpoints.front();
  const auto known = [&] {
    const auto found = connections_.find(key);
    return found != connections_.end() && found->second.connection->isReady() ? found->second.connection : nullptr;
  };
  if (const auto open = known()) co_return open;
  // On one machine every endpoint leads there. From another one loopback never does, but two containers of one machine
  // may share a unix socket.
  const bool isLocal = info.machineId == options_.machineId;
  std::vector<Endpoint> candidates;
  for (const auto& url : info.endpoints) {
    const auto endpoint = Endpoint::parse(url);
    if (!endpoint) continue;  // a scheme of somebody else's
    if (endpoint->isUnix() ? options_.unixSockets : isLocal || !endpoint->isLoopback()) candidates.push_back(*endpoint);
  }
  // Computers that are copies of each other say the same of themselves: a port here may be another program's.
  const auto isRight = [name = info.name, session = info.sessionId](const Connection& to) -> Result<> {
    const auto told = to.capabilities().remoteText(qi::capability::beckonSession);
    if (told.empty() || told == session) return {};
    return Error{Code::unreachable, "another program answers where " + name + " was said to be", {}};
  };
  const Error none{Code::unreachable, "it has no endpoint that can be reached from here", {}};
  auto dialing = localbus::dialFirst(io_, std::move(candidates), dialOptions(), isRight, none, log_);
  auto dialed = co_await std::move(dialing);
  if (!dialed)
    co_return Error{dialed.error().code, info.name + ": " + dialed.error().cause,
                    info.endpoints.empty() || dialed.error().cause == none.cause
                        ? "let it listen on an address of its network, not only on 127.0.0.1"
                        : "check that its program still runs"};
  const auto connection = dialed->connection;
  const auto other = known();
  if (!directory_->isOpen() || other) {
    connection->setReceiver(nullptr);
    connection->close({Code::connectionLost, "another connection was quicker", {}});
    if (other) co_return other;
    co_return Error{Code::connectionLost, "the session was closed", "connect again"};
  }
  log_->debug("{} is reached by {}", info.name, dialed->endpoint.url());
  connections_.insert_or_assign(key, std::move(*dialed));
  connection->onClosed([weak = weak_from_this(), key, id = connection->id()](const Error&) {
    const auto self = weak.lock();
    if (!self) return;
    const auto found = self->connections_.find(key);
    if (found != self->connections_.end() && found->second.connection->id() == id) self->connections_.erase(found);
  });
  co_return connection;
}

std::shared_ptr<Connection> Session::connectionToSelf() {
  if (toSelf_.empty()) {
    const auto [ours, theirs] = Connection::pair(io_.get_executor(), nullptr, &host_, log_);
    toSelf_ = {ours, theirs};
  }
  return toSelf_.front();
}

std::string Session::path(const RemoteObject& object) const {
  const auto& connection = object.connection();
  if (!toSelf_.empty() && connection == toSelf_.front()) return "within the process";
  for (const auto& [key, dialed] : connections_)
    if (dialed.connection == connection)
      return dialed.endpoint.url() + (dialed.endpoint.isLoopback() ? " (same computer)" : " (network)");
  return {};
}

Result<> Session::listen() {
  if (!listening_.empty()) return {};
  const auto network = listener_.start(options_.listen);
  if (!network) return network.error();
  listening_.push_back(network->url());
  if (!options_.unixSockets) return {};
  const auto path = localbus::newPrivateSocket();
  const auto socket = path ? listener_.start(*path) : path;
  if (socket)
    listening_.push_back(socket->url());
  else
    log_->warn("services are offered on the network only: {}; {}", socket.error().cause, socket.error().nextStep);
  return {};
}

awaitable<Result<std::uint32_t>> Session::registerService(std::string name,
                                                          std::shared_ptr<localbus::BoundObject> object) {
  const auto self = shared_from_this();
  if (const auto listening = listen(); !listening) co_return listening.error();
  const ServiceInfo info{name,
                         0,
                         options_.machineId,
                         static_cast<std::uint32_t>(::getpid()),
                         listening_,
                         sessionId_,
                         std::string(object->uid().begin(), object->uid().end())};
  const auto answer = co_await directoryObject_->call("registerService", arguments(info), directoryTimeout);
  if (!answer) {
    if (answer.error().cause.find("already registered") != std::string::npos)
      co_return Error{Code::nameTaken, "a service \"" + name + "\" is registered already",
                      "choose another name, or stop the program that has it"};
    co_return answer.error();
  }
  const auto id = qi::fromValue<std::uint32_t>(*answer);
  if (!id) co_return id.error();
  host_.add(*id, qi::mainObject, std::move(object));
  const auto ready = co_await directoryObject_->call("serviceReady", arguments(*id), directoryTimeout);
  if (!ready) {
    co_await unregisterService(*id);
    co_return ready.error();
  }
  provided_[name] = *id;
  co_return *id;
}

awaitable<Result<>> Session::unregisterService(std::uint32_t id) {
  const auto self = shared_from_this();
  const auto answer = co_await directoryObject_->call("unregisterService", arguments(id), directoryTimeout);
  host_.remove(id);
  std::erase_if(provided_, [id](const auto& service) { return service.second == id; });
  if (!answer) co_return answer.error();
  co_return Result<>();
}

}  // namespace beckon::directory
