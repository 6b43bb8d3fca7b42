#include "directory/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <random>

// How a Session finds its directory, and makes again what was lost with it.
namespace beckon::directory {

using boost::asio::awaitable;
using localbus::Connection;
using localbus::RemoteObject;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::milliseconds;

namespace {

milliseconds jittered(milliseconds wait) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return wait - milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, wait.count() / 2)(random));
}

}  // namespace

awaitable<Result<>> Session::open() {
  auto options = dialOptions();
  options.capabilities.insert_or_assign(qi::capability::beckonResume, qi::dynamic(secret_));
  options.capabilities.insert_or_assign(qi::capability::beckonNumbers, qi::dynamic(true));
  // Whoever comes through the directory has shown his credentials there only.
  if (!options_.authenticator) options.capabilities.insert_or_assign(qi::capability::beckonRelay, qi::dynamic(true));
  auto dialing = localbus::dial(io_, endpoint_, std::move(options), log_);
  const auto connection = co_await std::move(dialing);
  if (!connection) co_return connection.error();
  const auto entered = co_await enter(*connection);
  if (!entered) (*connection)->close(entered.error());
  co_return entered;
}

awaitable<Result<>> Session::enter(std::shared_ptr<Connection> connection) {
  const Error ended{Code::connectionLost, "the session was closed", "connect again"};
  if (isClosed_) {
    connection->setReceiver(nullptr);
    co_return ended;
  }
  directory_ = connection;
  peers_->setDirectory(directory_, endpoint_.url());
  auto object = co_await RemoteObject::open(connection, qi::directoryService, "ServiceDirectory", directoryTimeout);
  if (!object) co_return object.error();
  directoryObject_ = *object;
  // Both are asked for before either is answered.
  using namespace boost::asio::experimental::awaitable_operators;
  const auto watch = [this](const char* signal, bool isThere) {
    return directoryObject_->subscribe(
        signal, [this, isThere](const Value& event) { serviceChanged(isThere, event); }, directoryTimeout);
  };
  const auto subscribed = co_await (watch("serviceAdded", true) && watch("serviceRemoved", false));
  subscriptions_.clear();
  for (const auto& subscription : {std::get<0>(subscribed), std::get<1>(subscribed)}) {
    if (!subscription) co_return subscription.error();
    subscriptions_.push_back(*subscription);
  }
  if (isClosed_ || !connection->isReady()) co_return ended;
  connection->onClosed([weak = weak_from_this()](const Error& why) {
    if (const auto self = weak.lock()) self->lost(why);
  });
  isOpen_ = true;
  co_return Result<>();
}

void Session::lost(const Error& why) {
  if (isClosed_) return;
  isOpen_ = false;
  wasLost_ = opensSoon_ = true;
  registrations_.lost();
  relayed_.clear();
  connectionEnded(*directory_);
  log_->warn("the directory at {} is gone ({}); looking for it", endpoint_.url(), why.cause);
  complained_ = why.cause;
  wait_ = firstWait;
  restoreSoon();
  const auto handler = onLost_;
  if (handler) handler(why);
}

void Session::restoreSoon() {
  retry_.expires_after(jittered(wait_));
  wait_ = std::min(wait_ * 2, longestWait);
  retry_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (!self || cancelled || self->isClosed_) return;
    boost::asio::co_spawn(self->io_, self->isOpen_ ? self->restore() : self->lookForDirectory(), boost::asio::detached);
  });
}

// Once for each cause, however often it is met.
void Session::complain(const char* what, const Error& error) {
  const bool isNew = std::exchange(complained_, error.cause) != error.cause;
  log_->log(isNew ? spdlog::level::warn : spdlog::level::debug, "{} ({}): {}; next: {}; trying again", what,
            run::codeText(error.code), error.cause, error.nextStep);
}

awaitable<void> Session::lookForDirectory() {
  const auto self = shared_from_this();
  const auto opened = co_await open();
  if (isClosed_) co_return;
  if (!opened) {
    complain("not on the bus", opened.error());
    if (opened.error().code == Code::notAuthenticated) wait_ = refusedWait;
    co_return restoreSoon();
  }
  complained_.clear();
  wait_ = firstWait;
  if (wasLost_ && onService_) co_await tellAll();
  co_await restore();
}

awaitable<void> Session::tellAll() {
  const auto all = co_await services();
  if (!all) co_return;
  for (const auto& info : *all)
    if (onService_) onService_(true, info.serviceId, info.name);
}

awaitable<void> Session::restore() {
  const auto self = shared_from_this();
  restoresAgain_ = true;
  if (std::exchange(isRestoring_, true)) co_return;
  bool isComplete = true;
  while (isOpen_ && std::exchange(restoresAgain_, false)) isComplete = co_await registerMissing();
  isRestoring_ = false;
  if (!isOpen_) co_return;
  std::set<std::string> gone;
  std::erase_if(watches_, [&](const auto& weak) {
    const auto watch = weak.lock();
    if (watch && !watch->isThere()) gone.insert(watch->service());
    return !watch;
  });
  for (const auto& service : gone) makeWatches(service);
  if (!isComplete || !gone.empty())
    restoreSoon();
  else
    wait_ = firstWait;
  if (!isComplete || !std::exchange(opensSoon_, false)) co_return;
  const auto handler = onOpened_;
  if (handler) handler();
}

awaitable<bool> Session::registerMissing() {
  bool isComplete = true;
  for (const auto& name : registrations_.missing()) {
    if (!isOpen_) co_return false;
    if (const auto listening = listen(); !listening) {
      complain("not registered", listening.error());
      co_return false;
    }
    auto announcing = registrations_.announce(directoryObject_, name, ownInfo());
    const auto id = co_await std::move(announcing);
    if (registrations_.takeRepetition())
      listener_.disconnect({Code::connectionLost, "the directory began anew, and numbers may mean other services", {}});
    if (id || !registrations_.contains(name)) continue;
    isComplete = false;
    if (isOpen_) complain("not registered", id.error());
  }
  co_return isComplete;
}

void Session::makeWatches(const std::string& service) {
  const auto isWanted = [&](const std::weak_ptr<Watch>& weak) {
    const auto watch = weak.lock();
    return watch && watch->service() == service && !watch->isThere();
  };
  if (std::ranges::any_of(watches_, isWanted) && attaching_.insert(service).second)
    boost::asio::co_spawn(io_, attachAll(service), boost::asio::detached);
}

awaitable<void> Session::attachAll(std::string service) {
  const auto self = shared_from_this();
  const auto all = watches_;
  for (const auto& weak : all) {
    const auto watch = weak.lock();
    if (!watch || watch->service() != service || watch->isThere() || isClosed_) continue;
    const auto attached = co_await attach(watch);
    if (attached) watch->came();
  }
  attaching_.erase(service);
}

awaitable<Result<>> Session::attach(std::shared_ptr<Watch> watch) {
  if (std::exchange(watch->isAttaching_, true)) co_return Result<>();
  const auto object = co_await service(watch->service());
  auto subscribed = Result<std::shared_ptr<RemoteObject::Subscription>>(Error{});
  if (object) {
    // An event may be quicker than the answer to the subscription.
    auto handler = [weak = std::weak_ptr(watch)](const Value& event) {
      const auto still = weak.lock();
      if (!still) return;
      still->came();
      still->handlers_.event(event);
    };
    auto subscribing = (*object)->subscribe(watch->member(), std::move(handler));
    subscribed = co_await std::move(subscribing);
  }
  watch->isAttaching_ = false;
  if (!object) co_return object.error();
  if (!subscribed) co_return subscribed.error();
  if (!(*object)->connection()->isReady())
    co_return Error{Code::serviceGone, watch->service() + " is gone", "wait until the verb services lists it again"};
  watch->object_ = *object;
  watch->subscription_ = *subscribed;
  co_return Result<>();
}

awaitable<Result<std::shared_ptr<Watch>>> Session::watch(std::string service, std::string member,
                                                         Watch::Handlers handlers) {
  const auto self = shared_from_this();
  const auto watch = std::make_shared<Watch>(std::move(service), std::move(member), std::move(handlers));
  const auto attached = co_await attach(watch);
  if (!attached) co_return attached.error();
  if (watches_.size() == watches_.capacity()) std::erase_if(watches_, [](const auto& weak) { return weak.expired(); });
  watches_.push_back(watch);
  co_return watch;
}

void Session::connectionEnded(const Connection& connection) {
  if (isClosed_) return;
  std::erase_if(objects_, [&](const auto& known) { return known.second->connection().get() == &connection; });
  detach([&](const Watch&, const RemoteObject& object) { return object.connection().get() == &connection; });
  const auto handler = onEnded_;
  if (handler) handler(connection);
}

void Session::detach(const IsLost& isLost) {
  std::vector<std::shared_ptr<Watch>> lost;
  for (const auto& weak : watches_)
    if (const auto watch = weak.lock(); watch && watch->object_ && isLost(*watch, *watch->object_))
      lost.push_back(watch);
  for (const auto& watch : lost) watch->went();
  if (lost.empty() || !isOpen_) return;
  wait_ = firstWait;
  restoreSoon();
}

}  // namespace beckon::directory
