// The modes that open connections and register services.
#include "bench/client_bus.hpp"
#include "localbus/dial.hpp"
#include "localbus/object_builder.hpp"

namespace beckon::bench {

using localbus::Connection;
using run::Result;

namespace {

std::uint64_t counted(const Bus& bus) { return static_cast<std::uint64_t>(bus.options.count); }

const run::Error measured{run::Code::connectionLost, "measured", {}};

awaitable<Result<>> registerOne(Bus& bus, std::string name) {
  localbus::ObjectBuilder builder;
  builder.method("echo", [](std::int32_t number) { return number; });
  auto object = builder.build();
  auto registering = bus.session->registerService(std::move(name), std::move(object));
  const auto id = co_await std::move(registering);
  if (!id) co_return id.error();
  co_return Result<>();
}

std::string serviceName(int number) { return "BenchService" + std::to_string(number); }

}  // namespace

awaitable<Result<std::shared_ptr<Connection>>> openConnection(Bus& bus) {
  auto dialing = localbus::dial(bus.io, bus.endpoint, {.authenticationTime = patience}, run::silentLog());
  co_return co_await std::move(dialing);
}

awaitable<Result<Outcome>> openConnections(Bus& bus) {
  Outcome outcome{.mode = bus.options.mode, .unit = "connections/s", .count = counted(bus)};
  std::vector<std::shared_ptr<Connection>> open;
  const double before = residentMemory(bus.server);
  Stretch stretch(bus.server);
  stretch.begin();
  for (int i = 0; i < bus.options.count; ++i) {
    const auto begun = Clock::now();
    const auto connection = co_await openConnection(bus);
    if (!connection) co_return connection.error();
    outcome.latencies.push_back(microsecondsSince(begun));
    open.push_back(*connection);
  }
  stretch.end(outcome);
  if (before > 0) outcome.more.emplace_back("server_bytes", (residentMemory(bus.server) - before) / bus.options.count);
  for (const auto& connection : open) connection->close(measured);
  co_return outcome;
}

awaitable<Result<Outcome>> openSessions(Bus& bus) {
  Outcome outcome{.mode = bus.options.mode, .unit = "sessions/s", .count = counted(bus)};
  Stretch stretch(bus.server);
  stretch.begin();
  for (int i = 0; i < bus.options.count; ++i) {
    const auto begun = Clock::now();
    auto connecting = directory::Session::connect(bus.io, bus.endpoint, bus.sessionOptions, run::silentLog());
    const auto session = co_await std::move(connecting);
    if (!session) co_return session.error();
    outcome.latencies.push_back(microsecondsSince(begun));
    (*session)->close();
  }
  stretch.end(outcome);
  co_return outcome;
}

awaitable<Result<Outcome>> registerServices(Bus& bus) {
  Outcome outcome{.mode = bus.options.mode, .unit = "services/s", .count = counted(bus)};
  Stretch stretch(bus.server);
  stretch.begin();
  for (int i = 0; i < bus.options.count; ++i) {
    const auto begun = Clock::now();
    auto registering = registerOne(bus, serviceName(i));
    if (const auto registered = co_await std::move(registering); !registered) co_return registered.error();
    outcome.latencies.push_back(microsecondsSince(begun));
  }
  stretch.end(outcome);
  co_return outcome;
}

awaitable<Result<Outcome>> listServices(Bus& bus) {
  for (int i = 0; i < bus.options.size; ++i) {
    auto registering = registerOne(bus, serviceName(i));
    if (const auto registered = co_await std::move(registering); !registered) co_return registered.error();
  }
  Outcome outcome{.mode = bus.options.mode, .unit = "lists/s", .count = counted(bus)};
  Stretch stretch(bus.server);
  stretch.begin();
  for (int i = 0; i < bus.options.count; ++i) {
    const auto begun = Clock::now();
    const auto services = co_await bus.session->services();
    if (!services) co_return services.error();
    outcome.latencies.push_back(microsecondsSince(begun));
  }
  stretch.end(outcome);
  co_return outcome;
}

}  // namespace beckon::bench
