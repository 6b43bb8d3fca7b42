#include "gateway/visible_bus.hpp"

namespace beckon::gateway {

using boost::asio::awaitable;
using localbus::RemoteObject;
using run::Code;
using run::Error;
using run::Result;

namespace {

const Error noBus{Code::unreachable, "the robot's bus is not there", "try again later: beckond looks for it by itself"};

Error noService(const std::string& name) {
  return {Code::unknownService, "there is no service \"" + name + "\"", "list what there is with the verb services"};
}

void leaveOut(qi::MetaObject& metaObject, std::string_view name) {
  const auto isIt = [&](const auto& entry) { return entry.second.name == name; };
  std::erase_if(metaObject.methods, isIt);
  std::erase_if(metaObject.signals, isIt);
  std::erase_if(metaObject.properties, isIt);
}

// The gateway's own service, which stands before one of the bus with its name.
bool isControl(const policy::View& view, std::string_view name) {
  return name == policy::controlService && !view.policy().leases().empty();
}

std::shared_ptr<RemoteObject> withMembers(const RemoteObject& whole, qi::MetaObject members) {
  return std::make_shared<RemoteObject>(whole.connection(), whole.service(), qi::mainObject, whole.name(),
                                        std::make_shared<const qi::MetaObject>(std::move(members)));
}

}  // namespace

qi::MetaObject visible(policy::View& view, std::string_view service, const qi::MetaObject& metaObject) {
  qi::MetaObject out = metaObject;
  const auto isHiddenAs = [&](policy::Kind kind) {
    return [&view, service, kind](const auto& entry) {
      return qi::isHidden(entry.first, entry.second.name) || !view.isVisible(service, entry.second.name, kind);
    };
  };
  std::erase_if(out.methods, isHiddenAs(policy::Kind::method));
  std::erase_if(out.signals, isHiddenAs(policy::Kind::signal));
  std::erase_if(out.properties, isHiddenAs(policy::Kind::property));
  return out;
}

std::string_view nameOf(const qi::MetaObject& meta, std::uint32_t member) {
  if (const auto method = meta.methods.find(member); method != meta.methods.end()) return method->second.name;
  if (const auto signal = meta.signals.find(member); signal != meta.signals.end()) return signal->second.name;
  if (const auto property = meta.properties.find(member); property != meta.properties.end())
    return property->second.name;
  return {};
}

bool isEmpty(const qi::MetaObject& metaObject) {
  return metaObject.methods.empty() && metaObject.signals.empty() && metaObject.properties.empty();
}

awaitable<Result<std::vector<std::string>>> VisibleBus::services(Caller caller) {
  const auto session = session_;
  if (!session || !session->isOpen()) co_return noBus;
  const auto listed = co_await session->services();
  if (!listed) co_return listed.error();
  std::vector<std::string> names;
  for (const auto& info : *listed) {
    const auto shown = caller.view->visibility(info.name);
    if (shown == policy::Visibility::no || isControl(*caller.view, info.name)) continue;
    // A service that cannot be asked for its members has none to show.
    if (shown == policy::Visibility::ifAMemberIs && !co_await service(caller, info.name)) continue;
    names.push_back(info.name);
  }
  if (control_ && !caller.view->takable().empty()) names.emplace_back(policy::controlService);
  co_return names;
}

awaitable<Result<std::shared_ptr<RemoteObject>>> VisibleBus::service(Caller caller, std::string name) {
  const auto session = session_;
  const auto shows = caller.view->visibility(name);
  if (isControl(*caller.view, name)) {
    if (!control_ || shows == policy::Visibility::no) co_return noService(name);
    auto control = control_(caller);
    if (!caller.without) co_return control;
    auto members = control->metaObject();
    leaveOut(members, *caller.without);
    co_return withMembers(*control, std::move(members));
  }
  if (!session) co_return noBus;
  if (shows == policy::Visibility::no) co_return noService(name);
  const auto whole = co_await session->service(name);
  if (!whole) co_return whole.error();
  std::erase_if(used_, [](const auto& entry) { return !entry.second->connection()->isOpen(); });
  used_.insert_or_assign(name, *whole);
  const Key key{caller.view.get(), name};
  const auto known = shown_.find(key);
  auto object = known != shown_.end() && known->second.whole == *whole ? known->second.visible : nullptr;
  if (!object || caller.without) {
    auto metaObject = visible(*caller.view, name, (*whole)->metaObject());
    if (shows == policy::Visibility::ifAMemberIs && isEmpty(metaObject)) co_return noService(name);
    if (caller.without) leaveOut(metaObject, *caller.without);
    object = withMembers(**whole, std::move(metaObject));
    if (caller.without) co_return object;
    if (shown_.size() >= mostShown) shown_.clear();
    shown_.insert_or_assign(key, Shown{caller.view, *whole, object});
  }
  co_return object;
}

void VisibleBus::takeBack(const policy::Lease& lease) {
  const auto used = used_;
  for (const auto& [name, object] : used) {
    const auto& meta = object->metaObject();
    object->takeBack(
        [&, &service = name](std::uint32_t member) { return lease.covers(service, nameOf(meta, member)); });
  }
}

awaitable<Result<std::shared_ptr<directory::Watch>>> VisibleBus::watch(Caller caller, std::string service,
                                                                       std::string member,
                                                                       directory::Watch::Handlers handlers) {
  const bool isOwn = isControl(*caller.view, service);
  const auto shown = co_await this->service(std::move(caller), service);
  if (!shown) co_return shown.error();
  if (const auto signal = (*shown)->signal(member); !signal) co_return signal.error();
  if (isOwn) {
    auto subscribing = (*shown)->subscribe(member, std::move(handlers.event));
    auto subscribed = co_await std::move(subscribing);
    if (!subscribed) co_return subscribed.error();
    co_return std::make_shared<directory::Watch>(*shown, std::move(member), std::move(*subscribed));
  }
  auto watching = session_->watch(std::move(service), std::move(member), std::move(handlers));
  co_return co_await std::move(watching);
}

}  // namespace beckon::gateway
