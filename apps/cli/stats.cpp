#include "apps/cli/stats.hpp"

#include "apps/cli/print.hpp"
#include "apps/cli/tracing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <iostream>

namespace beckon::cli {

using run::Error;
using run::Result;
using std::chrono::steady_clock;

boost::asio::awaitable<Result<>> stats(boost::asio::io_context& io, BusTarget& bus, const Command& command) {
  std::map<std::string, Load> loads;
  bool isMeasuring = false;
  Tracing::Handlers handlers;
  handlers.passed = [&](const std::string& service, const Passed& passed) {
    if (isMeasuring) loads[service].add(passed);
  };
  handlers.missed = [&](const std::string& service, std::uint64_t count) {
    if (isMeasuring) loads[service].missed += count;
  };
  auto beginning = follow(bus, command.service, std::move(handlers));
  const auto tracing = co_await std::move(beginning);
  if (!tracing) co_return tracing.error();
  for (const auto& service : (*tracing)->services()) loads[service];
  const auto begin = steady_clock::now();
  isMeasuring = true;
  const auto time = std::make_shared<boost::asio::steady_timer>(io, begin + command.measured);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([time](const boost::system::error_code& failed, int) {
    if (!failed) time->cancel();
  });
  std::cerr << "measuring " << followed(command.service) << std::endl;
  co_await time->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  const auto measured = steady_clock::now() - begin;
  co_await (*tracing)->settle();
  isMeasuring = false;
  print(loads, measured, command.json);
  (*tracing)->end();
  co_return Result<>();
}

}  // namespace beckon::cli
