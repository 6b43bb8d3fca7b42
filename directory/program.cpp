#include "directory/program.hpp"

#include "core/run/machine_id.hpp"
#include "directory/service.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <iostream>

namespace beckon::directory {

using run::Error;
using run::Result;

namespace {

using Body = std::function<Awaitable<>(Session&)>;

Awaitable<> useBus(boost::asio::io_context& io, std::string url, Body body, std::shared_ptr<Session>& session) {
  const auto endpoint = localbus::Endpoint::parse(url);
  if (!endpoint) co_return endpoint.error();
  auto options = usualOptions();
  if (!options) co_return options.error();
  auto connecting = Session::connect(io, *endpoint, std::move(*options), run::makeLog("bus", {.level = "warning"}));
  auto connected = co_await std::move(connecting);
  if (!connected) co_return connected.error();
  session = *connected;
  co_return co_await body(*session);
}

// A Result that was taken for a success, mostly.
int tellBroken(const std::exception_ptr& broken) {
  try {
    std::rethrow_exception(broken);
  } catch (const std::exception& thrown) {
    std::cerr << "error: " << thrown.what() << "\n";
    return 1;
  }
}

}  // namespace

Result<Session::Options> usualOptions() {
  const auto machine = run::machineId();
  if (!machine) return machine.error();
  Session::Options options;
  options.machineId = *machine;
  return options;
}

int runOnBus(const std::string& url, Body body) {
  boost::asio::io_context io(1);
  std::shared_ptr<Session> session;
  std::exception_ptr broken;
  Result<> outcome;
  bool isStopped = false;
  boost::asio::cancellation_signal stop;
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    isStopped = true;
    signals.clear();  // a second one ends the program at once
    stop.emit(boost::asio::cancellation_type::terminal);
    if (session) session->close();
  });
  const auto ended = [&](std::exception_ptr thrown, Result<> result) {
    broken = thrown;
    outcome = std::move(result);
    if (session) session->close();
    // Coroutines of a service may be under way; nobody waits for them any more.
    boost::asio::post(io, [&io] { io.stop(); });
  };
  boost::asio::co_spawn(io, useBus(io, url, std::move(body), session),
                        boost::asio::bind_cancellation_slot(stop.slot(), ended));
  io.run();
  if (isStopped) return 0;
  if (broken) return tellBroken(broken);
  if (outcome) return 0;
  const Error& error = outcome.error();
  std::cerr << "error (" << run::codeText(error.code) << "): " << error.cause << "\n";
  if (!error.nextStep.empty()) std::cerr << "  next: " << error.nextStep << "\n";
  return 1;
}

int runOnBus(int argc, char** argv, Body body) { return runOnBus(argc > 1 ? argv[1] : usualBus, std::move(body)); }

Awaitable<> untilStopped() {
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer never(executor, std::chrono::steady_clock::time_point::max());
  co_await never.async_wait(boost::asio::use_awaitable);
  co_return Result<>();
}

int serveOnBus(int argc, char** argv, std::string name, Interface<Service>& service) {
  return runOnBus(argc, argv, [&](Session& session) -> Awaitable<> {
    auto providing = provide(session, name, service);
    const auto id = co_await std::move(providing);
    if (!id) co_return id.error();
    std::cout << "ready" << std::endl;
    co_return co_await untilStopped();
  });
}

}  // namespace beckon::directory
