#include "gateway/lan/catalogue.hpp"

#include "core/qi/limits.hpp"
#include "policy/view.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace beckon::gateway {

using boost::asio::awaitable;
using directory::ServiceInfo;

Catalogue::Catalogue(std::shared_ptr<directory::Session> bus, directory::ServiceIds ids, run::Log log)
    : bus_(std::move(bus)),
      ids_(std::move(ids)),
      log_(std::move(log)),
      changed_(bus_->executor(), localbus::Timer::time_point::max()) {}

void Catalogue::look() {
  if (isClosed_) return;
  if (!std::exchange(isTold_, true))
    bus_->onService([weak = weak_from_this()](bool isThere, std::uint32_t id, const std::string& name) {
      const auto self = weak.lock();
      if (self && !self->isClosed_) self->changed(isThere, id, name);
    });
  comparesAgain_ = true;
  if (!isComparing_) boost::asio::co_spawn(bus_->executor(), compare(), boost::asio::detached);
}

void Catalogue::changed(bool isThere, std::uint32_t id, const std::string& name) {
  if (isThere) return look();
  const auto opening = opening_.find(name);
  if (opening != opening_.end() && opening->second == id) opening_.erase(opening);
  removeWhere([id](const Entry& entry) { return entry.onBus.serviceId == id; });
  changed_.cancel();
}

void Catalogue::close() {
  isClosed_ = true;
  changed_.cancel();
}

awaitable<void> Catalogue::compare() {
  const auto self = shared_from_this();
  isComparing_ = true;
  while (!isClosed_ && std::exchange(comparesAgain_, false)) {
    const auto listed = co_await bus_->services();
    // When the directory is there again, everything is told anew.
    if (listed && !isClosed_) take(*listed);
  }
  isComparing_ = false;
}

void Catalogue::take(const std::vector<ServiceInfo>& listed) {
  std::map<std::string, const ServiceInfo*> there;
  for (const auto& info : listed)
    if (info.serviceId != qi::directoryService && !policy::isReserved(info.name, {})) there.emplace(info.name, &info);
  const auto isSame = [](const ServiceInfo& one, const ServiceInfo& other) {
    return one.serviceId == other.serviceId && one.sessionId == other.sessionId;
  };
  removeWhere([&](const Entry& entry) {
    const auto found = there.find(entry.onBus.name);
    return found == there.end() || !isSame(*found->second, entry.onBus);
  });
  for (const auto& [name, info] : there) {
    if (byName_.contains(name)) continue;
    if (const auto known = opening_.find(name); known != opening_.end() && known->second == info->serviceId) continue;
    opening_[name] = info->serviceId;
    boost::asio::co_spawn(bus_->executor(), open(*info), boost::asio::detached);
  }
}

awaitable<void> Catalogue::open(ServiceInfo info) {
  const auto self = shared_from_this();
  const auto name = info.name;
  auto finding = bus_->service(name);
  const auto object = co_await std::move(finding);
  const auto still = opening_.find(name);
  if (isClosed_ || still == opening_.end() || still->second != info.serviceId) co_return;
  opening_.erase(still);
  if (!object || (*object)->service() != info.serviceId) {
    // Another registration is told of by itself.
    if (!object) log_->warn("{} is on the bus, but cannot be asked what it offers: {}", name, object.error().cause);
    changed_.cancel();
    co_return;
  }
  const auto expected = expected_.extract(name);
  const auto id = expected.empty() ? ids_.next() : run::Result<std::uint32_t>(expected.mapped());
  if (!id) {
    log_->error("{} cannot be offered outside: {}", name, id.error().cause);
    changed_.cancel();
    co_return;
  }
  auto meta = std::make_shared<const qi::MetaObject>((*object)->metaObject());
  const auto entry = std::make_shared<const Entry>(Entry{*id, std::move(info), std::move(meta)});
  entries_[entry->id] = entry;
  byName_[name] = entry;
  tell(entry, true);
  changed_.cancel();
}

void Catalogue::removeWhere(const std::function<bool(const Entry&)>& which) {
  std::vector<EntryPtr> gone;
  for (const auto& [id, entry] : entries_)
    if (which(*entry)) gone.push_back(entry);
  for (const auto& entry : gone) {
    entries_.erase(entry->id);
    byName_.erase(entry->onBus.name);
    tell(entry, false);
  }
}

void Catalogue::tell(const EntryPtr& entry, bool isThere) {
  for (const auto& handler : *handlers_) handler(entry, isThere);
}

std::shared_ptr<void> Catalogue::onChange(Handler handler) {
  const auto place = handlers_->insert(handlers_->end(), std::move(handler));
  return {nullptr, [handlers = handlers_, place](void*) { handlers->erase(place); }};
}

Catalogue::EntryPtr Catalogue::find(std::uint32_t id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second;
}

Catalogue::EntryPtr Catalogue::find(const std::string& name) const {
  const auto found = byName_.find(name);
  return found == byName_.end() ? nullptr : found->second;
}

awaitable<Catalogue::EntryPtr> Catalogue::confirm(std::uint32_t id) {
  const auto self = shared_from_this();
  const auto listed = co_await bus_->services();
  if (listed && !isClosed_) take(*listed);
  co_return find(id);
}

awaitable<Catalogue::EntryPtr> Catalogue::await(std::string name) {
  const auto self = shared_from_this();
  if (const auto known = find(name)) co_return known;
  const auto listed = co_await bus_->services();
  if (!listed || isClosed_) co_return nullptr;
  take(*listed);
  while (!isClosed_ && opening_.contains(name))
    co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return find(name);
}

}  // namespace beckon::gateway
