#include "gateway/visible_bus.hpp"

#include <algorithm>
#include <array>

namespace beckon::gateway {

using boost::asio::awaitable;
using localbus::RemoteObject;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::array<std::string_view, 4> registering{"registerService", "unregisterService", "serviceReady",
                                                      "updateServiceInfo"};

const Error noBus{Code::unreachable, "the robot's bus is not there", "try again later: beckond looks for it by itself"};

}  // namespace

qi::MetaObject visible(std::string_view service, const qi::MetaObject& metaObject) {
  qi::MetaObject out = metaObject;
  const auto isHidden = [](const auto& entry) { return qi::isHidden(entry.first, entry.second.name); };
  std::erase_if(out.methods, isHidden);
  std::erase_if(out.signals, isHidden);
  std::erase_if(out.properties, isHidden);
  if (service == "ServiceDirectory")
    std::erase_if(out.methods, [](const auto& entry) {
      return std::ranges::find(registering, entry.second.name) != registering.end();
    });
  return out;
}

awaitable<Result<std::vector<std::string>>> VisibleBus::services() {
  const auto session = session_;
  if (!session || !session->isOpen()) co_return noBus;
  const auto listed = co_await session->services();
  if (!listed) co_return listed.error();
  std::vector<std::string> names;
  for (const auto& info : *listed)
    if (!qi::isHidden(info.name)) names.push_back(info.name);
  co_return names;
}

awaitable<Result<VisibleBus::Shown>> VisibleBus::find(std::string name) {
  const auto session = session_;
  if (!session) co_return noBus;
  if (qi::isHidden(name))
    co_return Error{Code::unknownService, "there is no service \"" + name + "\"",
                    "list what there is with the verb services"};
  const auto whole = co_await session->service(name);
  if (!whole) co_return whole.error();
  auto& shown = shown_[name];
  if (shown.whole != *whole)
    shown = {*whole, std::make_shared<RemoteObject>(
                         (*whole)->connection(), (*whole)->service(), qi::mainObject, name,
                         std::make_shared<const qi::MetaObject>(visible(name, (*whole)->metaObject())))};
  co_return shown;
}

awaitable<Result<std::shared_ptr<RemoteObject>>> VisibleBus::service(std::string name) {
  const auto shown = co_await find(std::move(name));
  if (!shown) co_return shown.error();
  co_return shown->visible;
}

awaitable<Result<std::shared_ptr<directory::Watch>>> VisibleBus::watch(std::string service, std::string member,
                                                                       directory::Watch::Handlers handlers) {
  const auto shown = co_await find(service);
  if (!shown) co_return shown.error();
  if (const auto signal = shown->visible->signal(member); !signal) co_return signal.error();
  auto watching = session_->watch(std::move(service), std::move(member), std::move(handlers));
  co_return co_await std::move(watching);
}

}  // namespace beckon::gateway
