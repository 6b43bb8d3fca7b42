#include "gateway/lan/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

// Services of whoever is outside, on the bus for as long as the session lives.
namespace beckon::gateway {

using boost::asio::awaitable;
using directory::ServiceInfo;
using localbus::RemoteObject;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::size_t mostProvided = 256;

Error taken(const std::string& name, std::uint32_t id) {
  return {Code::nameTaken,
          "Service \"" + name + "\" (#" + std::to_string(id) +
              ") is already registered. Rejecting conflicting registration attempt.",
          {}};
}

}  // namespace

bool LanSession::mayProvide(const std::string& name) {
  const policy::Act act{policy::Verb::provide, name, {}, 0};
  return static_cast<bool>(rights_->view().decide(act));
}

Result<std::uint32_t> LanSession::add(const ServiceInfo& info) {
  const policy::Act act{policy::Verb::provide, info.name, {}, 0};
  if (!record_->takesMore()) return policy::audit::Trail::failure();
  const auto decision = rights_->view().decide(act);
  LanRecord::Act entry{.what = policy::audit::What::provide,
                       .service = info.name,
                       .rule = decision.ruleName(),
                       .view = rights_->sharedView()};
  if (!decision) {
    record_->done(entry, policy::audit::Outcome::refused, policy::text(decision.refusal));
    door_->log->info("refused: {}", rights_->view().explain(act, decision));
    return Error{Code::refused, "the robot's policy does not let you register this name", {}};
  }
  const auto id = place(info);
  using policy::audit::Outcome;
  record_->done(entry, id ? Outcome::done : Outcome::failed, id ? "" : run::codeText(id.error().code));
  return id;
}

Result<std::uint32_t> LanSession::place(const ServiceInfo& info) {
  if (const auto known = door_->catalogue->find(info.name)) return taken(info.name, known->id);
  for (const auto& [id, provided] : provided_)
    if (provided.info.name == info.name) return taken(info.name, id);
  if (provided_.size() >= mostProvided)
    return Error{Code::overloaded,
                 "this connection provides " + std::to_string(mostProvided) + " services, which is the limit",
                 {}};
  const auto id = door_->catalogue->newId();
  if (id) provided_[*id].info = info;
  return id;
}

awaitable<Result<>> LanSession::busIsThere() {
  const auto self = shared_from_this();
  const auto session = bus();
  if (session->isOpen()) co_return Result<>();
  if (busTimer_.expiry() <= std::chrono::steady_clock::now()) busTimer_.expires_after(openTime);
  co_await busTimer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (isClosed_ || !session->isOpen()) co_return Error{Code::unreachable, "the robot's bus is not there", {}};
  co_return Result<>();
}

awaitable<Result<>> LanSession::ready(std::uint32_t id) {
  const auto self = shared_from_this();
  const auto found = provided_.find(id);
  if (found == provided_.end() || found->second.onBus)
    co_return Error{Code::unknownService, "Can't find pending service #" + std::to_string(id), {}};
  const auto name = found->second.info.name;
  if (const auto there = co_await busIsThere(); !there) co_return there.error();
  auto object = co_await RemoteObject::open(connection_, id, name, openTime);
  if (!object)
    co_return Error{object.error().code, "the service does not answer on this connection: " + object.error().cause, {}};
  door_->catalogue->expect(name, id);
  auto registering = bus_->registerService(name, rights_->inward(std::move(*object), name));
  const auto onBus = co_await std::move(registering);
  const auto still = provided_.find(id);
  if (!onBus) {
    door_->catalogue->expectNoMore(name);
    if (still != provided_.end()) provided_.erase(still);
    co_return onBus.error();
  }
  if (still != provided_.end()) {
    still->second.onBus = *onBus;
    co_await door_->catalogue->await(name);
    co_return Result<>();
  }
  // It was withdrawn meanwhile.
  auto withdrawing = bus_->unregisterService(*onBus);
  co_await std::move(withdrawing);
  co_return Error{Code::unknownService, "Can't find pending service #" + std::to_string(id), {}};
}

awaitable<Result<>> LanSession::remove(std::uint32_t id) {
  const auto self = shared_from_this();
  const auto found = provided_.extract(id);
  if (found.empty())
    co_return Error{Code::unknownService, "Unregister Service: Can't find service #" + std::to_string(id), {}};
  door_->catalogue->expectNoMore(found.mapped().info.name);
  if (!found.mapped().onBus) co_return Result<>();
  auto withdrawing = bus_->unregisterService(found.mapped().onBus);
  co_return co_await std::move(withdrawing);
}

}  // namespace beckon::gateway
