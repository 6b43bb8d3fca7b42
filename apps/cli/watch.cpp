#include "apps/cli/watch.hpp"

#include "apps/cli/print.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace beckon::cli {

using run::Code;
using run::Error;
using run::Result;

constexpr auto retryPause = std::chrono::seconds(1);

boost::asio::awaitable<Result<>> watch(boost::asio::io_context& io, BusTarget& bus, const Command& command) {
  // Everything that happens wakes this coroutine, which then looks at the state.
  boost::asio::steady_timer woken(io, std::chrono::steady_clock::time_point::max());
  std::optional<Error> lost;
  std::uint64_t seen = 0;
  bool isGone = false;    // no use asking for the service before it is announced
  bool isStale = false;   // what we hold is of a service that went
  bool wasThere = false;  // an unknown name is an error only at the beginning
  const auto enough = [&] { return command.count && seen >= command.count; };

  const auto& session = bus.session();
  session->onClosed([&](const Error& why) {
    lost = Error{Code::connectionLost, "the directory is gone (" + why.cause + ")", "start it again, then watch again"};
    woken.cancel();
  });
  session->onService([&](bool isThere, std::uint32_t id, const std::string& name) {
    if (command.service.empty() && !enough()) {
      printChange(isThere, id, name, command.json);
      ++seen;
    }
    if (name == command.service) {
      isGone = !isThere;
      isStale = isStale || !isThere;
    }
    woken.cancel();
  });

  std::shared_ptr<localbus::RemoteObject> object;
  std::shared_ptr<localbus::RemoteObject::Subscription> subscription;
  const auto subscribe = [&]() -> boost::asio::awaitable<Result<>> {
    auto found = co_await session->service(command.service);
    if (!found) co_return found.error();
    object = *found;
    if (command.verbose) printPath(command.service, session->path(*object));
    auto made = co_await object->subscribe(command.member, [&](const qi::Value& event) {
      if (enough()) return;
      printEvent(command.member, event, command.json);
      ++seen;
      woken.cancel();
    });
    if (!made) co_return made.error();
    subscription = *made;
    std::cerr << "watching " << command.service << "." << command.member << std::endl;
    co_return Result<>();
  };

  if (command.service.empty()) std::cerr << "watching the services" << std::endl;
  while (!lost && !enough() && std::cout) {
    if (std::exchange(isStale, false) && wasThere) {
      std::cerr << command.service << " is gone, waiting for it" << std::endl;
      subscription.reset();
      object.reset();
    }
    if (!command.service.empty() && !isGone && !subscription) {
      const auto subscribed = co_await subscribe();
      if (!subscribed && !wasThere) co_return subscribed.error();
      wasThere = true;
      if (subscribed) continue;
    }
    // A service that is announced but cannot be reached is tried again.
    const bool isMissing = !command.service.empty() && !isGone && !subscription;
    woken.expires_at(isMissing ? std::chrono::steady_clock::now() + retryPause
                               : std::chrono::steady_clock::time_point::max());
    co_await woken.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  session->onService({});
  session->onClosed({});
  if (lost) co_return *lost;
  co_return Result<>();
}

}  // namespace beckon::cli
