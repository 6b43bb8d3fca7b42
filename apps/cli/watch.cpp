#include "apps/cli/watch.hpp"

#include "apps/cli/print.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace beckon::cli {

using run::Error;
using run::Result;

boost::asio::awaitable<Result<>> watch(boost::asio::io_context& io, BusTarget& bus, const Command& command) {
  boost::asio::steady_timer woken(io, std::chrono::steady_clock::time_point::max());
  std::uint64_t seen = 0;
  const auto enough = [&] { return command.count && seen >= command.count; };
  const auto told = [&] {
    ++seen;
    if (enough() || !std::cout) woken.cancel();
  };
  const bool watchesServices = command.service.empty();
  const std::string place = watchesServices ? "the services" : command.service + "." + command.member;

  const auto& session = bus.session();
  bus.tellOfDirectory();
  std::shared_ptr<directory::Watch> kept;
  if (watchesServices) {
    session->onService([&](bool isThere, std::uint32_t id, const std::string& name) {
      if (enough()) return;
      printChange(isThere, id, name, command.json);
      told();
    });
  } else {
    directory::Watch::Handlers handlers;
    handlers.event = [&](const qi::Value& event) {
      if (enough()) return;
      printEvent(command.member, event, command.json);
      told();
    };
    handlers.change = [&](bool isThere) {
      std::cerr << (isThere ? "watching " + place + " again" : command.service + " is gone, waiting for it")
                << std::endl;
    };
    auto watching = session->watch(command.service, command.member, std::move(handlers));
    const auto made = co_await std::move(watching);
    if (!made) co_return made.error();
    kept = *made;
    const auto object = co_await session->service(command.service);
    if (command.verbose && object) printPath(command.service, session->path(**object));
  }
  std::cerr << "watching " << place << std::endl;
  while (!enough() && std::cout) co_await woken.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  session->onService({});
  co_return Result<>();
}

}  // namespace beckon::cli
