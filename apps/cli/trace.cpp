#include "apps/cli/trace.hpp"

#include "apps/cli/print.hpp"
#include "apps/cli/tracing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace beckon::cli {

using boost::asio::awaitable;
using run::Error;
using run::Result;

namespace {

struct Place {
  std::string service, member;
};

// What looks like a member may be the end of a service's name, which may hold dots.
awaitable<Result<Place>> placeOf(const std::shared_ptr<directory::Session>& session, const Command& command) {
  Place place{command.service, command.member};
  if (place.member.empty()) co_return place;
  const auto services = co_await session->services();
  if (!services) co_return services.error();
  for (const auto& info : *services)
    if (info.name == place.service + "." + place.member) co_return Place{info.name, ""};
  const auto object = co_await session->service(place.service);
  if (!object) co_return object.error();
  const auto& meta = (*object)->metaObject();
  if (!meta.findMethod(place.member) && !meta.findSignal(place.member))
    co_return Error{run::Code::unknownMember, place.service + " has no member \"" + place.member + "\"",
                    "list its members with the verb info"};
  co_return place;
}

}  // namespace

awaitable<Result<>> trace(boost::asio::io_context& io, BusTarget& bus, const Command& command) {
  boost::asio::steady_timer woken(io, std::chrono::steady_clock::time_point::max());
  const auto found = co_await placeOf(bus.session(), command);
  if (!found) co_return found.error();
  const Place place = *found;

  std::uint64_t seen = 0;
  const auto enough = [&] { return (command.count && seen >= command.count) || !std::cout; };
  Tracing::Handlers handlers;
  handlers.passed = [&](const std::string& service, const Passed& passed) {
    if (enough() || (!place.member.empty() && passed.member != place.member)) return;
    print(service, passed, command.json);
    ++seen;
    if (enough()) woken.cancel();
  };
  handlers.missed = [&](const std::string& service, std::uint64_t count) {
    if (!enough()) printMissed(service, count, command.json);
  };
  auto beginning = follow(bus, place.service, std::move(handlers));
  const auto tracing = co_await std::move(beginning);
  if (!tracing) co_return tracing.error();
  std::cerr << "tracing " << followed(place.service) << (place.member.empty() ? "" : "." + place.member) << std::endl;
  while (!enough()) co_await woken.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  (*tracing)->end();
  co_return Result<>();
}

}  // namespace beckon::cli
