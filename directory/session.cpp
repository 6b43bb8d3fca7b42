#include "directory/session.hpp"

#include "core/run/uuid.hpp"
#include "localbus/own_addresses.hpp"
#include "localbus/private_socket.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <unistd.h>

namespace beckon::directory {

using boost::asio::awaitable;
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
      listener_(io, host_, options_.authenticator, log, named(options_.capabilities, sessionId_)),
      peers_(std::make_shared<Peers>(
          io, host_, Peers::Options{options_.machineId, options_.unixSockets, [this] { return dialOptions(); }}, log)) {
}

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
  peers_->setDirectory(directory_, directory.url());
  auto object = co_await RemoteObject::open(directory_, qi::directoryService, "ServiceDirectory", directoryTimeout);
  if (!object) co_return object.error();
  directoryObject_ = *object;
  // Both are asked for before either is answered.
  using namespace boost::asio::experimental::awaitable_operators;
  const auto watch = [this](const char* signal, bool isThere) {
    return directoryObject_->subscribe(
        signal, [this, isThere](const Value& event) { serviceChanged(isThere, event); }, directoryTimeout);
  };
  const auto subscribed = co_await (watch("serviceAdded", true) && watch("serviceRemoved", false));
  for (const auto& subscription : {std::get<0>(subscribed), std::get<1>(subscribed)}) {
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
          .tls = options_.tls,
          .receiver = &host_};
}

void Session::close() {
  const Error reason{Code::connectionLost, "the session was closed", {}};
  listener_.stop();
  peers_->close(reason);
  // After the connections: their end is the end of all that was subscribed to on them.
  subscriptions_.clear();
  objects_.clear();
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
    auto object = co_await RemoteObject::open(peers_->toSelf(), own->second, name, timeout);
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
  auto reaching = peers_->to(*info);
  const auto connection = co_await std::move(reaching);
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

Result<> Session::listen() {
  if (!listening_.empty()) return {};
  const auto network = listener_.start(options_.listen, options_.listenTls);
  if (!network) return network.error();
  for (const auto& address : localbus::dialable(*network)) listening_.push_back(address.url());
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
