#include "directory/service_directory.hpp"

#include "core/run/uuid.hpp"
#include "localbus/own_addresses.hpp"

#include <unistd.h>

#include <stdexcept>

namespace beckon::directory {

using localbus::Caller;
using localbus::RemoteObject;
using run::Code;
using run::Error;
using run::Result;

namespace {
// The directory's own registration belongs to nobody that could end it.
constexpr Registry::Owner self = 0;
// Characters; ours have 72. A shorter one could be guessed and is not looked at.
constexpr std::size_t shortestSecret = 32;

qi::CapabilityMap withNumbers(qi::CapabilityMap capabilities) {
  capabilities.insert_or_assign(qi::capability::beckonNumbers, qi::dynamic(true));
  return capabilities;
}

}  // namespace

ServiceDirectory::ServiceDirectory(boost::asio::io_context& io, std::string machineId, run::Log log,
                                   localbus::Authenticator authenticator, qi::CapabilityMap capabilities,
                                   ServiceIds ids)
    : machineId_(std::move(machineId)),
      sessionId_(run::makeUuid()),
      log_(log),
      registry_(std::move(ids)),
      relay_(std::make_shared<Relay>(
          host_, [this](std::uint32_t service) { return provider(service); },
          [](const localbus::Connection& provider) {
            return provider.capabilities().remote(qi::capability::beckonRelay);
          })),
      listener_(io, host_, std::move(authenticator), log, withNumbers(std::move(capabilities))) {
  host_.add(qi::directoryService, qi::mainObject, makeObject());
  listener_.onReady([this](const std::shared_ptr<localbus::Connection>& connection) { resume(*connection); });
  host_.onUnknown([relay = relay_.get()](const std::shared_ptr<localbus::Connection>& from,
                                         const qi::Message& message) { return relay->received(from, message); });
  host_.onClosed([this](const localbus::Connection& connection) {
    const auto session = sessions_.find(connection.capabilities().remoteText(qi::capability::beckonResume));
    if (session != sessions_.end() && session->second == connection.id()) sessions_.erase(session);
    for (const auto& change : registry_.removeOwner(connection.id())) tell(change);
  });
}

Result<localbus::Endpoint> ServiceDirectory::start(const localbus::Endpoint& endpoint,
                                                   std::optional<localbus::TlsContext> tls) {
  auto listening = listener_.start(endpoint, std::move(tls));
  if (!listening) return listening;
  const bool isFirst = urls_.empty();
  for (const auto& address : localbus::dialable(*listening)) urls_.push_back(address.url());
  ServiceInfo own{"ServiceDirectory", 0, machineId_, static_cast<std::uint32_t>(::getpid()), urls_, "0", {}};
  if (isFirst) {
    const auto id = registry_.add(std::move(own), self);
    if (!id || *id != qi::directoryService || !registry_.ready(*id, self))
      throw std::logic_error("the directory is not the first service of its registry");
  } else {
    own.serviceId = qi::directoryService;
    if (!registry_.update(std::move(own), self)) throw std::logic_error("the directory does not own its registration");
  }
  log_->info("directory listens on {}", listening->url());
  return listening;
}

Result<std::uint32_t> ServiceDirectory::add(const std::string& name, std::shared_ptr<localbus::Object> object) {
  const std::string uid(object->uid().begin(), object->uid().end());
  const auto id =
      registry_.add({name, 0, machineId_, static_cast<std::uint32_t>(::getpid()), urls_, sessionId_, uid}, self);
  if (!id) return id;
  host_.add(*id, qi::mainObject, std::move(object));
  tell(registry_.ready(*id, self).value());
  return id;
}

boost::asio::awaitable<Result<std::shared_ptr<RemoteObject>>> ServiceDirectory::service(std::string name) {
  const auto info = registry_.find(name);
  if (!info) co_return info.error();
  co_return co_await relay_->object(info->serviceId, name);
}

std::shared_ptr<localbus::Connection> ServiceDirectory::provider(std::uint32_t service) const {
  const auto owner = registry_.owner(service);
  return owner ? listener_.connection(*owner) : nullptr;
}

bool ServiceDirectory::mayForesee(std::uint64_t connection) const {
  const auto caller = listener_.connection(connection);
  return caller && caller->capabilities().shared(qi::capability::beckonNumbers);
}

// The connection that a session had is stale when it makes another, whether or not we have seen its end.
void ServiceDirectory::resume(const localbus::Connection& connection) {
  const auto secret = connection.capabilities().remoteText(qi::capability::beckonResume);
  if (secret.size() < shortestSecret) return;
  const auto before = std::exchange(sessions_[secret], connection.id());
  if (const auto stale = listener_.connection(before)) {
    log_->info("{} takes the place of {}, which was its own", connection.peer(), stale->peer());
    stale->close({Code::connectionLost, "its session connected again", {}});
  }
}

// Nobody is told that services go: they do not, and sessions that outlive us keep what they have of them.
void ServiceDirectory::stop() {
  host_.onClosed({});
  relay_->stop();
  listener_.stop();
}

void ServiceDirectory::tell(const Registry::Change& change) {
  const bool added = change.kind == Registry::Change::Kind::added;
  if (!added) relay_->removed(change.id);
  log_->info("service #{} {} {}", change.id, change.name, added ? "added" : "removed");
  (added ? *serviceAdded_ : *serviceRemoved_)(change.id, change.name);
}

// Clients find the members by number: 100 to 108 in this order.
std::shared_ptr<localbus::Object> ServiceDirectory::makeObject() {
  localbus::ObjectBuilder builder;
  const auto told = [this](Result<Registry::Change> change) -> Result<> {
    if (!change) return change.error();
    tell(*change);
    return {};
  };
  builder.method("service", [this](const std::string& name) { return registry_.find(name); });
  builder.method("services", [this] { return registry_.list(); });
  builder.method("registerService", [this](Caller caller, const ServiceInfo& info) {
    const auto id = registry_.add(info, caller.connection);
    // Who foresaw the number answers under it already.
    if (id && info.serviceId == *id && mayForesee(caller.connection))
      tell(registry_.ready(*id, caller.connection).value());
    return id;
  });
  builder.method("unregisterService", [this, told](Caller caller, std::uint32_t id) {
    return told(registry_.remove(id, caller.connection));
  });
  builder.method("serviceReady", [this, told](Caller caller, std::uint32_t id) {
    return told(registry_.ready(id, caller.connection));
  });
  builder.method("updateServiceInfo",
                 [this](Caller caller, const ServiceInfo& info) { return registry_.update(info, caller.connection); });
  serviceAdded_ = builder.signal<std::uint32_t, std::string>("serviceAdded");
  serviceRemoved_ = builder.signal<std::uint32_t, std::string>("serviceRemoved");
  builder.method("machineId", [this] { return machineId_; });
  return builder.build();
}

}  // namespace beckon::directory
