#include "directory/session.hpp"

#include "core/run/uuid.hpp"
#include "localbus/own_addresses.hpp"
#include "localbus/private_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
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

template <class... Args>
Value arguments(const Args&... each) {
  return qi::Tuple{{qi::toValue(each)...}, {}};
}

// So that whoever dials us knows that it is us.
qi::CapabilityMap named(qi::CapabilityMap capabilities, const std::string& sessionId) {
  capabilities.insert_or_assign(qi::capability::beckonSession, qi::dynamic(sessionId));
  return capabilities;
}

const Error noDirectory{Code::unreachable, "the directory of the bus is not there", "wait: it is looked for"};

Error alreadyProvided(const std::string& name) {
  return {Code::nameTaken, "a service \"" + name + "\" is registered already",
          "choose another name, or stop the program that has it"};
}

}  // namespace

Session::Session(boost::asio::io_context& io, Endpoint directory, Options options, run::Log log)
    : io_(io),
      endpoint_(std::move(directory)),
      options_(std::move(options)),
      log_(log),
      sessionId_(run::makeUuid()),
      secret_(run::makeUuid() + run::makeUuid()),
      listener_(io, host_, options_.authenticator, log, named(options_.capabilities, sessionId_)),
      registrations_(host_),
      peers_(std::make_shared<Peers>(
          io, host_,
          Peers::Options{options_.machineId, options_.unixSockets, [this] { return dialOptions(); },
                         [this](const localbus::Connection& ended) { connectionEnded(ended); }},
          log)),
      retry_(io.get_executor()) {}

Session::~Session() { close(); }

awaitable<Result<std::shared_ptr<Session>>> Session::connect(boost::asio::io_context& io, Endpoint directory,
                                                             Options options, run::Log log) {
  std::shared_ptr<Session> session(new Session(io, std::move(directory), std::move(options), std::move(log)));
  const auto opened = co_await session->open();
  if (!opened) co_return opened.error();
  co_return session;
}

std::shared_ptr<Session> Session::keep(boost::asio::io_context& io, Endpoint directory, Options options, run::Log log) {
  std::shared_ptr<Session> session(new Session(io, std::move(directory), std::move(options), std::move(log)));
  session->opensSoon_ = true;
  boost::asio::co_spawn(io, session->lookForDirectory(), boost::asio::detached);
  return session;
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
          .areCredentialsForTls = endpoint_.isTls(),
          .more = options_.moreCredentials ? localbus::CredentialSource(more) : nullptr,
          .capabilities = named(options_.capabilities, sessionId_),
          .tls = options_.tls,
          .receiver = &host_};
}

void Session::close() {
  if (std::exchange(isClosed_, true)) return;
  isOpen_ = false;
  const Error reason{Code::connectionLost, "the session was closed", {}};
  retry_.cancel();
  listener_.stop();
  peers_->close(reason);
  // After the connections: their end is the end of all that was subscribed to on them.
  subscriptions_.clear();
  objects_.clear();
  watches_.clear();
}

bool Session::isRelayed(const RemoteObject& object) const {
  return object.connection() == directory_ && relayed_.contains(object.service());
}

std::string Session::path(const RemoteObject& object) const {
  if (isRelayed(object)) return endpoint_.url() + " (through the directory)";
  return peers_->path(object.connection());
}

void Session::serviceChanged(bool isThere, const Value& event) {
  const auto typed = qi::fromValue<std::tuple<std::uint32_t, std::string>>(event);
  if (!typed) return;
  const auto id = std::get<0>(*typed);
  const auto& name = std::get<1>(*typed);
  const auto known = objects_.find(name);
  if (isThere) {
    registrations_.added(id, name);
    // Registered again: the next who asks for it gets it under its new number.
    if (known != objects_.end() && known->second->service() < id) objects_.erase(known);
    makeWatches(name);
  } else {
    // One that was registered again since we have it goes under its new number.
    if (known != objects_.end() && known->second->service() <= id) {
      const auto gone = known->second;
      objects_.erase(known);
      // Its connection may serve others, or hang.
      gone->connection()->abandon(gone->service(),
                                  {Code::serviceGone, "Service removed", "wait until it is there again"});
    }
    relayed_.erase(id);
    detach([&](const Watch& watch, const RemoteObject& object) {
      return watch.service() == name && object.service() <= id;
    });
  }
  if (onService_) onService_(isThere, id, name);
}

awaitable<Result<std::vector<ServiceInfo>>> Session::services() {
  const auto self = shared_from_this();
  if (!isOpen_) co_return noDirectory;
  const auto services = directoryObject_->method<std::vector<ServiceInfo>()>("services");
  if (!services) co_return services.error();
  auto asking = localbus::awaiting<Result<std::vector<ServiceInfo>>>(
      [&](auto done) { services->call(directoryTimeout, std::move(done)); });
  co_return co_await std::move(asking);
}

awaitable<Result<std::shared_ptr<RemoteObject>>> Session::service(std::string name, localbus::Duration timeout) {
  const auto self = shared_from_this();
  if (const auto known = objects_.find(name); known != objects_.end()) {
    if (known->second->connection()->isReady()) co_return known->second;
    objects_.erase(known);
  }
  if (isClosed_) co_return noDirectory;
  if (const auto own = registrations_.id(name)) {
    auto object = co_await RemoteObject::open(peers_->toSelf(), *own, name, timeout);
    if (object) objects_[name] = *object;
    co_return object;
  }
  if (!isOpen_) co_return noDirectory;
  const auto directory = directory_;
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
  auto object = co_await RemoteObject::open(connection ? *connection : directory, info->serviceId, name, timeout);
  if (!object && !connection) co_return connection.error();
  if (!object) co_return object;
  if (!connection) {
    relayed_.insert(info->serviceId);
    log_->info("{} is reached through the directory: {}", name, connection.error().cause);
  }
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

ServiceInfo Session::ownInfo() const {
  return {{}, 0, options_.machineId, static_cast<std::uint32_t>(::getpid()), listening_, sessionId_, {}};
}

awaitable<Result<std::uint32_t>> Session::registerService(std::string name,
                                                          std::shared_ptr<localbus::BoundObject> object) {
  const auto self = shared_from_this();
  if (!isOpen_) co_return noDirectory;
  if (const auto listening = listen(); !listening) co_return listening.error();
  if (!registrations_.add(name, std::move(object))) co_return alreadyProvided(name);
  auto announcing = registrations_.announce(directoryObject_, name, ownInfo());
  const auto id = co_await std::move(announcing);
  if (!id) registrations_.remove(name);
  co_return id;
}

Result<> Session::provide(const std::string& name, std::shared_ptr<localbus::BoundObject> object) {
  if (!registrations_.add(name, std::move(object))) return alreadyProvided(name);
  if (isOpen_) boost::asio::co_spawn(io_, restore(), boost::asio::detached);
  return {};
}

awaitable<Result<>> Session::unregisterService(std::uint32_t id) {
  const auto self = shared_from_this();
  if (!isOpen_) co_return noDirectory;
  const auto name = registrations_.nameOf(id);
  const auto newest = name ? registrations_.id(*name).value_or(id) : id;
  const auto answer = co_await directoryObject_->call("unregisterService", arguments(newest), directoryTimeout);
  if (name) {
    registrations_.remove(*name);
    objects_.erase(*name);
  }
  if (!answer) co_return answer.error();
  co_return Result<>();
}

}  // namespace beckon::directory
