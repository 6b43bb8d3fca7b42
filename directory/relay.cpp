#include "directory/relay.hpp"

#include "core/qi/error_payload.hpp"
#include "localbus/forwarded_object.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace beckon::directory {

using boost::asio::awaitable;
using localbus::Connection;
using localbus::RemoteObject;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr localbus::Duration openTime = std::chrono::seconds(5);

void refuse(const std::shared_ptr<Connection>& from, const qi::Header& header, const std::string& why) {
  if (header.type == qi::MessageType::call)
    from->answer(header.id, header.address, qi::MessageType::error, qi::encodeErrorText(why));
}

}  // namespace

Relay::Relay(localbus::ObjectHost& host, Provider provider, MayPass mayPass)
    : host_(host), provider_(std::move(provider)), mayPass_(std::move(mayPass)) {}

awaitable<Result<std::shared_ptr<RemoteObject>>> Relay::object(std::uint32_t service, std::string name) {
  const auto self = shared_from_this();
  if (const auto known = objects_.find(service); known != objects_.end()) co_return known->second;
  const auto connection = provider_(service);
  if (!connection || !connection->capabilities().shared(qi::capability::clientServerSocket))
    co_return Error{Code::unreachable, "the program of " + name + " takes no calls on its connection to the directory",
                    "call it at its own endpoint"};
  auto object = co_await RemoteObject::open(connection, service, name, openTime);
  if (!object) co_return object;
  if (provider_(service) != connection)
    co_return Error{Code::serviceGone, name + " is gone", "wait until the verb services lists it again"};
  co_return objects_.try_emplace(service, *object).first->second;
}

bool Relay::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const auto service = header.address.service;
  if (header.address.object != qi::mainObject) return false;
  const bool isFirst = !waiting_.contains(service);
  if (isFirst) {
    const auto provider = provider_(service);
    if (!provider || provider == from || !mayPass_(*provider)) return false;
  }
  auto& waiting = waiting_[service];
  if (waiting.size() < maxWaiting)
    waiting.push_back({from, header, {message.payload.begin(), message.payload.end()}});
  else
    refuse(from, header, "overloaded: too many calls wait for the service to answer");
  if (isFirst) boost::asio::co_spawn(from->executor(), begin(service), boost::asio::detached);
  return true;
}

awaitable<void> Relay::begin(std::uint32_t service) {
  const auto self = shared_from_this();
  const auto opened = co_await object(service, "service #" + std::to_string(service));
  auto waiting = waiting_.extract(service);
  if (waiting.empty()) co_return;  // it was removed
  if (opened) host_.add(service, qi::mainObject, std::make_shared<localbus::ForwardedObject>(*opened));
  for (const auto& [weak, header, payload] : waiting.mapped()) {
    const auto from = weak.lock();
    if (!from || !from->isOpen()) continue;
    if (opened)
      host_.received(from, {header, payload});
    else
      refuse(from, header, opened.error().cause);
  }
}

void Relay::stop() {
  provider_ = [](std::uint32_t) { return nullptr; };
  waiting_.clear();
  objects_.clear();
}

void Relay::removed(std::uint32_t service) {
  host_.remove(service);
  const auto waiting = waiting_.extract(service);
  objects_.erase(service);
  if (waiting.empty()) return;
  for (const auto& [weak, header, payload] : waiting.mapped())
    if (const auto from = weak.lock(); from && from->isOpen()) refuse(from, header, "Service removed");
}

}  // namespace beckon::directory
