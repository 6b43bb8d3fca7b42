#include "apps/sim/bus_presence.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace beckon::sim {

using boost::asio::awaitable;
using run::Error;
using run::Result;

BusPresence::BusPresence(boost::asio::io_context& io, localbus::Endpoint directory, directory::Session::Options options,
                         Services services, std::function<void()> ready, run::Log log)
    : io_(io),
      directory_(std::move(directory)),
      options_(std::move(options)),
      services_(std::move(services)),
      ready_(std::move(ready)),
      log_(std::move(log)),
      pause_(io.get_executor()),
      farewell_(io.get_executor()) {}

awaitable<void> BusPresence::run() {
  auto wait = firstWait;
  while (!stopping_) {
    const auto entered = co_await enter();
    if (entered && !stopping_) {
      wait = firstWait;
      complained_.clear();
      ready_();
      while (!stopping_ && session_->isOpen()) co_await pause(localbus::Duration::max());
      if (!stopping_) {
        log_->warn("the directory at {} is gone ({}); registering again as soon as it is back", directory_.url(),
                   lost_.cause);
        complained_ = lost_.cause;
      }
    }
    co_await leave();
    if (stopping_) break;
    if (!entered) complain(entered.error(), wait);
    co_await pause(wait);
    wait = std::min(wait * 2, longestWait);
  }
}

awaitable<Result<>> BusPresence::enter() {
  auto session = co_await directory::Session::connect(io_, directory_, options_, log_);
  if (!session) co_return session.error();
  session_ = *session;
  session_->onClosed([this](const Error& reason) {
    lost_ = reason;
    pause_.cancel();
  });
  for (const auto& [name, object] : services_) {
    if (stopping_) break;
    const auto id = co_await session_->registerService(name, object);
    if (!id) co_return id.error();
    ids_.push_back(*id);
  }
  co_return Result<>();
}

awaitable<void> BusPresence::leave() {
  if (!session_) co_return;
  for (const auto id : std::exchange(ids_, {})) {
    if (!session_->isOpen()) break;
    const auto gone = co_await session_->unregisterService(id);
    if (!gone) log_->debug("service #{} cannot be unregistered: {}", id, gone.error().cause);
  }
  session_->onClosed(nullptr);
  session_->close();
  session_.reset();
  farewell_.cancel();
}

awaitable<void> BusPresence::pause(localbus::Duration time) {
  if (time == localbus::Duration::max())
    pause_.expires_at(std::chrono::steady_clock::time_point::max());
  else
    pause_.expires_after(time);
  co_await pause_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

// Once for each cause, however often it is met.
void BusPresence::complain(const Error& error, localbus::Duration wait) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  const bool isNew = error.cause != complained_;
  complained_ = error.cause;
  log_->log(isNew ? spdlog::level::warn : spdlog::level::debug,
            "not registered ({}): {}; next: {}; trying again in {} ms", run::codeText(error.code), error.cause,
            error.nextStep, ms);
}

void BusPresence::stop() {
  if (std::exchange(stopping_, true)) return;
  pause_.cancel();
  farewell_.expires_after(farewell);
  farewell_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled && session_) session_->close();
  });
}

}  // namespace beckon::sim
