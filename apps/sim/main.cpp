#include "apps/program.hpp"
#include "apps/sim/robot.hpp"
#include "apps/tls_options.hpp"
#include "core/run/machine_id.hpp"
#include "directory/session.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

#include <iostream>

using namespace beckon;
using run::Result;

namespace {

// How late the end of a sentence or of a move may be noticed.
constexpr auto step = std::chrono::milliseconds(20);

// Until `isOver`: a wait that has ended when the timer is cancelled does not know of it.
void keepAdvancing(sim::Robot& robot, localbus::Timer& timer, const bool& isOver) {
  timer.expires_after(step);
  timer.async_wait([&](boost::system::error_code) {
    if (isOver) return;
    robot.advance();
    keepAdvancing(robot, timer, isOver);
  });
}

struct Places {
  std::string bus, listen = "tcp://127.0.0.1:0";
  apps::TlsFiles tls;
};

Result<> simulate(const Places& places, const std::string& name, const run::LogStyle& logStyle) {
  const auto directory = localbus::Endpoint::parse(places.bus);
  if (!directory) return directory.error();
  const auto listen = localbus::Endpoint::parse(places.listen);
  if (!listen) return listen.error();
  const auto dialling = apps::diallingTls(places.tls, *directory);
  if (!dialling) return dialling.error();
  const auto listening = apps::listeningTls(places.tls, *listen);
  if (!listening) return listening.error();
  const auto machine = run::machineId();
  if (!machine) return machine.error();

  const sim::SystemClock clock;
  sim::Robot robot(clock, name);
  boost::asio::io_context io(1);
  directory::Session::Options options;
  options.machineId = *machine;
  options.listen = *listen;
  options.tls = *dialling;
  options.listenTls = *listening;
  const auto session = directory::Session::keep(io, *directory, std::move(options), run::makeLog("sim", logStyle));
  for (const auto& [service, object] : robot.services()) session->provide(service, object).value();
  session->onOpened([&] { std::cout << "ready " << directory->url() << std::endl; });
  localbus::Timer timer(io.get_executor());
  bool isOver = false;
  keepAdvancing(robot, timer, isOver);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](auto, int) {
    session->close();
    isOver = true;
    timer.cancel();
    signals.clear();  // a second one ends the program at once
  });
  io.run();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "beckon-sim: a simulated robot with services as NAOqi has them (docs/simulator.md). Prints \"ready URL\" each "
      "time that they are registered; waits for the directory while it is not there; runs until SIGTERM.",
      "beckon-sim"};
  app.footer("Exit codes: 0 stopped by a signal, 1 fault of Beckon, 2 wrong usage.");
  Places places;
  std::string name = "sim";
  run::LogStyle logStyle;
  app.add_option("--bus", places.bus, "The address of the bus's directory: tcp://, tcps:// or tcpsm://HOST[:PORT]")
      ->required();
  app.add_option("--listen", places.listen,
                 "Where its services are offered to other computers: tcp://, tcps:// or tcpsm://HOST[:PORT]")
      ->capture_default_str();
  apps::addTlsOptions(app, places.tls, true, true);
  app.add_option("--name", name, "The robot's name, in ALMemory")->capture_default_str();
  return apps::Program(app, logStyle).run(argc, argv, [&] { return simulate(places, name, logStyle); });
}
