#include "gateway/lan/session.hpp"

#include "core/qi/error_payload.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <unistd.h>

namespace beckon::gateway {

using boost::asio::awaitable;
using directory::ServiceInfo;
using localbus::Connection;
using policy::audit::What;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr const char* gone = "Service removed";

Error unknown(const std::string& name) {
  return {Code::unknownService, "Cannot find service '" + name + "' in index", {}};
}

}  // namespace

LanSession::LanSession(std::shared_ptr<const Door> door, std::shared_ptr<Connection> connection,
                       std::shared_ptr<policy::View> view)
    : door_(std::move(door)),
      connection_(std::move(connection)),
      record_(std::make_shared<LanRecord>(door_->trail, view->caller().principal, connection_)),
      rights_(
          std::make_shared<Rights>(std::move(view), "lan-" + std::to_string(connection_->id()), record_, door_->log)),
      directory_(std::make_shared<ShadowDirectory>(connection_->executor(), door_->machineId, services())),
      busTimer_(connection_->executor(), localbus::Timer::time_point::min()) {
  // By the way that he came, whatever other addresses we have or get. A libqi client goes on with the connection that
  // it has where it is told to; one behind a changed address has no other way.
  if (connection_->capabilities().shared(qi::capability::relativeEndpointUri))
    endpoints_.push_back("qi:ServiceDirectory");
  const auto address = connection_->localAddress();
  const bool isV6 = address.find(':') != std::string::npos;
  endpoints_.push_back(door_->scheme + "://" + (isV6 ? "[" + address + "]" : address) + ":" +
                       std::to_string(door_->port));
}

void LanSession::start(std::function<void()> closed) {
  closed_ = std::move(closed);
  for (const auto& [id, entry] : door_->catalogue->entries())
    if (shows(*entry)) shown_.emplace(id, entry->onBus.name);
  showsControl_ = isControlShown();
  watching_ = door_->catalogue->onChange([this](const auto& entry, bool isThere) { changed(entry, isThere); });
  connection_->setReceiver(this);
  record_->entered(connection_->peer(), rights_->view());
  connection_->setWitness(record_.get());
}

void LanSession::close(const Error& reason) {
  reason_ = reason.cause;
  connection_->close(reason);
}

ShadowDirectory::Services LanSession::services() {
  ShadowDirectory::Services out;
  out.list = [this] {
    std::vector<ServiceInfo> all{{"ServiceDirectory",
                                  qi::directoryService,
                                  door_->machineId,
                                  static_cast<std::uint32_t>(::getpid()),
                                  endpoints_,
                                  "0",
                                  {}}};
    for (const auto& [id, name] : shown_)
      if (const auto entry = door_->catalogue->find(id)) all.push_back(told(*entry));
    if (showsControl_) all.push_back(toldOfControl());
    return all;
  };
  out.find = [this](std::string name) -> awaitable<Result<ServiceInfo>> {
    const auto self = shared_from_this();
    if (name == "ServiceDirectory") co_return services().list().front();
    // What is not shown anyway takes no time to say, whether it is there or not.
    if (rights_->view().visibility(name) == policy::Visibility::no) co_return unknown(name);
    if (showsControl_ && name == policy::controlService) co_return toldOfControl();
    const auto entry = co_await door_->catalogue->await(name);
    if (!entry || isClosed_ || !shown_.contains(entry->id)) co_return unknown(name);
    co_return told(*entry);
  };
  out.add = [this](const ServiceInfo& info) { return add(info); };
  out.ready = [this](std::uint32_t id) { return ready(id); };
  out.remove = [this](std::uint32_t id) { return remove(id); };
  out.mayRegister = [this] { return rights_->view().mayProvideAnything(); };
  return out;
}

ServiceInfo LanSession::told(const Catalogue::Entry& entry) const {
  return {entry.onBus.name, entry.id,         door_->machineId,     static_cast<std::uint32_t>(::getpid()),
          endpoints_,       door_->sessionId, entry.onBus.objectUid};
}

bool LanSession::shows(const Catalogue::Entry& entry) const {
  // The gateway's own has the name.
  if (entry.onBus.name == policy::controlService && !rights_->view().policy().leases().empty()) return false;
  return rights_->isVisible(entry.onBus.name, *entry.metaObject);
}

void LanSession::changed(const Catalogue::EntryPtr& entry, bool isThere) {
  const auto& name = entry->onBus.name;
  if (!isThere) return hide(entry->id, name);
  if (!shows(*entry) || !shown_.emplace(entry->id, name).second) return;
  directory_->added(entry->id, name);
}

void LanSession::hide(std::uint32_t id, const std::string& name) {
  if (!shown_.erase(id)) return;
  end(id);
  directory_->removed(id, name);
}

void LanSession::replace(std::shared_ptr<policy::View> view) {
  rights_->replace(std::move(view));
  const auto before = shown_;
  for (const auto& [id, name] : before) {
    const auto entry = door_->catalogue->find(id);
    if (!entry || !shows(*entry)) hide(id, name);
  }
  for (const auto& [id, entry] : door_->catalogue->entries()) changed(entry, true);
  showControl();
  std::vector<std::uint32_t> ended;
  for (const auto& [id, provided] : provided_)
    if (!mayProvide(provided.info.name)) ended.push_back(id);
  for (const auto id : ended) boost::asio::co_spawn(connection_->executor(), remove(id), boost::asio::detached);
}

void LanSession::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const auto service = header.address.service;
  rights_->record().arrived(header);
  if (header.address.object != qi::mainObject) return refuse(header, qi::encodeNotHandled());
  if (service == qi::directoryService) return directory_->received(from, message);
  if (const auto found = used_.find(service); found != used_.end()) {
    if (found->second.object) {
      const auto object = found->second.object;
      return object->received(from, message);
    }
    if (found->second.waiting.size() >= maxWaiting)
      return refuse(header, qi::encodeErrorText("overloaded: too many calls wait for the service"));
    found->second.waiting.push_back({header, {message.payload.begin(), message.payload.end()}});
    return;
  }
  if (showsControl_ && service == door_->controlId) return control()->received(from, message);
  const auto entry = shown_.contains(service) ? door_->catalogue->find(service) : nullptr;
  if (!entry) {
    const auto there = door_->catalogue->find(service);
    const auto name = there ? there->onBus.name : "#" + std::to_string(service);
    const auto what = header.type == qi::MessageType::call ? What::call : What::post;
    record_->refused(header, {.what = what, .service = name, .view = rights_->sharedView()}, "not-visible");
    return refuse(header, qi::encodeNotHandled());
  }
  begin(entry, message);
}

void LanSession::refuse(const qi::Header& header, const qi::Bytes& error) const {
  if (header.type == qi::MessageType::call)
    connection_->answer(header.id, header.address, qi::MessageType::error, error);
}

const std::shared_ptr<directory::Session>& LanSession::bus() {
  if (bus_) return bus_;
  bus_ = door_->bus(caller().principal);
  bus_->onOpened([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->busTimer_.cancel();
  });
  bus_->onEnded([weak = weak_from_this()](const Connection& connection) {
    if (const auto self = weak.lock()) self->busEnded(connection);
  });
  return bus_;
}

void LanSession::begin(const Catalogue::EntryPtr& entry, const qi::Message& first) {
  auto& used = used_[entry->id];
  used.name = entry->onBus.name;
  used.waiting.push_back({first.header, {first.payload.begin(), first.payload.end()}});
  boost::asio::co_spawn(connection_->executor(), open(entry), boost::asio::detached);
}

awaitable<void> LanSession::open(Catalogue::EntryPtr entry) {
  const auto self = shared_from_this();
  const auto& name = entry->onBus.name;
  std::optional<Error> problem;
  std::shared_ptr<localbus::RemoteObject> object;
  if (isClosed_) co_return;
  const auto there = co_await busIsThere();
  if (!there) problem = there.error();
  if (!problem && !isClosed_) {
    auto finding = bus_->service(name, openTime);
    auto found = co_await std::move(finding);
    if (!found)
      problem = found.error();
    else
      object = *found;
  }
  const auto place = used_.find(entry->id);
  if (isClosed_ || place == used_.end()) co_return;  // whoever waited has been answered
  // Registered again since: the catalogue tells.
  if (object && object->service() != entry->onBus.serviceId) problem = Error{Code::serviceGone, gone, {}};
  const auto waiting = std::exchange(place->second.waiting, {});
  if (problem) {
    used_.erase(place);
    door_->log->info("{} cannot be reached for {}: {}", name, caller().principal, problem->cause);
    for (const auto& each : waiting)
      refuse(each.header, qi::encodeErrorText("unreachable: the service cannot be reached at the moment"));
    co_return;
  }
  place->second.object = rights_->outward(object, name);
  for (const auto& [header, payload] : waiting)
    if (connection_->isOpen()) received(connection_, {header, payload});
}

void LanSession::end(std::uint32_t id) {
  const auto used = used_.extract(id);
  if (used.empty()) return;
  for (const auto& each : used.mapped().waiting) refuse(each.header, qi::encodeErrorText(gone));
  if (used.mapped().object) used.mapped().object->released(connection_->id(), id, qi::mainObject);
}

// The service may be there still; what was subscribed to is not. For a qi client that is a service that came anew.
void LanSession::busEnded(const Connection& connection) {
  std::vector<std::pair<std::uint32_t, std::string>> lost;
  for (const auto& [id, used] : used_)
    if (used.object && used.object->target()->connection().get() == &connection) lost.emplace_back(id, used.name);
  for (const auto& [id, name] : lost) {
    hide(id, name);
    boost::asio::co_spawn(connection_->executor(), showAgain(id), boost::asio::detached);
  }
}

// If it was the connection alone that ended, and not the service.
awaitable<void> LanSession::showAgain(std::uint32_t id) {
  const auto self = shared_from_this();
  const auto entry = co_await door_->catalogue->confirm(id);
  if (entry && !isClosed_) changed(entry, true);
}

void LanSession::closed(const Connection&) {
  isClosed_ = true;
  connection_->setWitness(nullptr);
  record_->left(reason_);
  busTimer_.cancel();
  watching_.reset();
  for (const auto& [id, used] : used_)
    if (used.object) used.object->released(connection_->id(), id, qi::mainObject);
  directory_->released(connection_->id(), qi::directoryService, qi::mainObject);
  for (const auto& [id, provided] : provided_) door_->catalogue->expectNoMore(provided.info.name);
  // What it has on the bus ends when nobody is in the middle of it any more.
  boost::asio::post(connection_->executor(), [self = shared_from_this()] {
    if (self->seat_)
      for (const auto& lease : self->rights_->view().policy().leases()) self->rights_->lost(lease);
    self->used_.clear();
    self->seat_.reset();
    if (self->bus_) self->bus_->close();
  });
  if (closed_) std::exchange(closed_, {})();
}

}  // namespace beckon::gateway
