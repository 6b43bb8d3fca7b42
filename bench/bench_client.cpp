// Measures a bench server, ours or one on something else, over the bus as any program of Beckon would use it.
#include "bench/client_bus.hpp"
#include "core/run/machine_id.hpp"

#include <boost/asio/co_spawn.hpp>

#include <csignal>

namespace beckon::bench {
namespace {

using run::Error;
using run::Result;

awaitable<Result<Outcome>> runMode(Bus& bus) {
  const auto& mode = bus.options.mode;
  if (mode == "latst") return callOneService(bus, "BenchST");
  if (mode == "latstr") return callWithText(bus);
  if (mode == "raw") return callWithBytes(bus, false);
  if (mode == "echoraw") return callWithBytes(bus, true);
  if (mode == "threads") return callFromThreads(bus);
  if (mode == "events") return hearEvents(bus);
  if (mode == "conns") return openConnections(bus);
  if (mode == "sessions") return openSessions(bus);
  if (mode == "register") return registerServices(bus);
  if (mode == "services") return listServices(bus);
  return callOneService(bus, "Bench");
}

awaitable<Result<Outcome>> measure(Bus& bus) {
  auto connecting = directory::Session::connect(bus.io, bus.endpoint, bus.sessionOptions, run::silentLog());
  auto session = co_await std::move(connecting);
  if (!session) co_return session.error();
  bus.session = *session;
  const auto services = co_await bus.session->services();
  if (!services) co_return services.error();
  for (const auto& service : *services)
    if (service.name == "Bench" && service.machineId == bus.sessionOptions.machineId)
      bus.server = static_cast<int>(service.processId);
  std::vector<std::shared_ptr<localbus::Connection>> idle;
  while (static_cast<int>(idle.size()) < bus.options.idle) {
    const auto connection = co_await openConnection(bus);
    if (!connection) co_return connection.error();
    idle.push_back(*connection);
  }
  auto running = runMode(bus);
  auto outcome = co_await std::move(running);
  for (const auto& connection : idle) connection->close({run::Code::connectionLost, "measured", {}});
  bus.session->close();
  co_return outcome;
}

int fail(const Error& error) {
  std::fprintf(stderr, "beckon-bench-client: %s\n", error.cause.c_str());
  if (!error.nextStep.empty()) std::fprintf(stderr, "next: %s\n", error.nextStep.c_str());
  return error.code == run::Code::invalidArgument ? 2 : 1;
}

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  ClientOptions options;
  int code = 0;
  if (!parseClient(argc, argv, "beckon-bench-client", options, code)) return code;
  const auto endpoint = localbus::Endpoint::parse(options.url);
  if (!endpoint) return fail(endpoint.error());
  const auto machine = run::machineId();
  if (!machine) return fail(machine.error());
  boost::asio::io_context io(1);
  Bus bus{.io = io, .options = options, .endpoint = *endpoint, .sessionOptions = {.machineId = *machine}};
  boost::asio::co_spawn(io, measure(bus), [&](std::exception_ptr broken, Result<Outcome> outcome) {
    if (broken) std::rethrow_exception(broken);
    if (outcome)
      print(std::move(*outcome), options.json);
    else
      code = fail(outcome.error());
  });
  io.run();
  return code;
}

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) { return beckon::bench::main(argc, argv); }
