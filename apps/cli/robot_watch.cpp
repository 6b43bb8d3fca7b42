#include "apps/cli/robot_watch.hpp"

#include "apps/cli/print.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace beckon::cli {

boost::asio::awaitable<run::Result<>> watch(boost::asio::io_context& io, remote::Remote& remote,
                                            const Command& command) {
  boost::asio::steady_timer woken(io, std::chrono::steady_clock::time_point::max());
  std::uint64_t seen = 0;
  const auto enough = [&] { return (command.count && seen >= command.count) || !std::cout; };
  const auto say = [&](const std::string& words) {
    if (!enough()) std::cerr << words << std::endl;
  };

  remote::Watch::Events events;
  events.value = [&](const qi::Value& arguments) {
    if (enough()) return;
    printEvent(command.member, arguments, command.json);
    ++seen;
    if (enough()) woken.cancel();
  };
  events.missed = [&](std::optional<std::uint64_t> count) {
    if (!enough()) printMissed(command.member, count, command.json);
  };
  events.state = [&](remote::Watch::State state) {
    using enum remote::Watch::State;
    const std::string what = command.service + "." + command.member;
    if (state == live) say("watching " + what + " again");
    if (state == serviceGone) say(command.service + " is gone, waiting for it");
    if (state == away) say(command.robot + " is away, waiting for it");
  };
  run::Result<> result;
  bool hasEnded = false;
  events.ended = [&](const run::Error& why) {
    result = why;
    hasEnded = true;
    woken.cancel();
  };
  auto begin = remote.watch(command.robot, command.service, command.member, std::move(events));
  const auto watching = co_await std::move(begin);
  if (!watching) co_return watching.error();
  say("watching " + command.service + "." + command.member);
  while (!enough() && !hasEnded) co_await woken.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return result;
}

}  // namespace beckon::cli
