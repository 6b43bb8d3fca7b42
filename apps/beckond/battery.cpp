#include "apps/beckond/battery.hpp"

#include "core/qi/convert.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace beckon::apps {
namespace {

// A service that hangs is asked again once it is back.
constexpr std::chrono::seconds answerTime{5};

}  // namespace

Battery::Battery(std::shared_ptr<directory::Session> bus, Told told)
    : bus_(std::move(bus)), told_(std::move(told)), timer_(bus_->executor()) {}

void Battery::start() {
  const auto asking = [self = shared_from_this()]() -> boost::asio::awaitable<void> {
    std::optional<Charge> before;
    while (self->told_) {
      const auto charge = co_await self->ask();
      if (!self->told_) co_return;
      if (charge != before) self->told_(charge);
      before = charge;
      self->timer_.expires_after(charge ? pause : absence);
      co_await self->timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
  };
  boost::asio::co_spawn(bus_->executor(), asking, boost::asio::detached);
}

void Battery::stop() {
  told_ = {};
  timer_.cancel();
}

boost::asio::awaitable<std::optional<Battery::Charge>> Battery::ask() {
  const auto service = co_await bus_->service("ALBattery", answerTime);
  if (!service) co_return std::nullopt;
  auto asked = (*service)->call("getBatteryCharge", qi::Value(qi::Tuple{}), answerTime);
  const auto answer = co_await std::move(asked);
  const auto percent = answer ? qi::fromValue<int>(*answer) : run::Result<int>(answer.error());
  if (!percent || *percent < 0 || *percent > 100) co_return std::nullopt;
  Charge out;
  out.percent = *percent;
  out.isCharging = co_await askCharging();
  co_return out;
}

// Where the event was never raised, ALMemory knows nothing.
boost::asio::awaitable<std::optional<bool>> Battery::askCharging() {
  const auto memory = co_await bus_->service("ALMemory", answerTime);
  if (!memory) co_return std::nullopt;
  qi::Tuple key{{qi::Value(std::string("BatteryChargingFlagChanged"))}, {}};
  auto asked = (*memory)->call("getData", qi::Value(std::move(key)), answerTime);
  const auto answer = co_await std::move(asked);
  const auto flag = answer ? qi::fromValue<bool>(*answer) : run::Result<bool>(answer.error());
  co_return flag ? std::optional(*flag) : std::nullopt;
}

}  // namespace beckon::apps
