#include "bench/lpc_call.hpp"

#include "bench/report.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/object_host.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/co_spawn.hpp>

#include <stdexcept>

namespace beckon::bench {
namespace {

// As a coroutine of a program calls: no loop turns but those that the bus takes by itself.
boost::asio::awaitable<double> measure(std::shared_ptr<localbus::Connection> connection) {
  const auto object = (co_await localbus::RemoteObject::open(connection, 2, "Echo")).value();
  const auto echo = object->method<std::int32_t(std::int32_t)>("echo").value();
  constexpr int calls = 1'000'000;
  const auto begin = std::chrono::steady_clock::now();
  for (std::int32_t i = 0; i < calls; ++i)
    if ((co_await echo(i)).value() != i) throw std::logic_error("not the same number");
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
  co_return taken.count() / calls;
}

struct Echo {
  virtual ~Echo() = default;
  virtual std::int32_t echo(std::int32_t number) = 0;
};
struct EchoItself final : Echo {
  std::int32_t echo(std::int32_t number) override { return number; }
};

}  // namespace

double callWithinTheProcess() {
  boost::asio::io_context io(1);
  localbus::ObjectHost host;
  localbus::ObjectBuilder builder;
  builder.method("echo", [](std::int32_t number) { return number; });
  host.add(2, qi::mainObject, builder.build());
  const auto [ours, theirs] = localbus::Connection::pair(io.get_executor(), nullptr, &host, run::silentLog());
  double figure = 0;
  boost::asio::co_spawn(io, measure(ours), [&](std::exception_ptr problem, double measured) {
    if (problem) std::rethrow_exception(problem);
    figure = measured;
    ours->close({run::Code::connectionLost, "measured", {}});
  });
  io.run();
  return figure;
}

double callVirtualFunction() {
  EchoItself echo;
  Echo* called = &echo;
  std::int32_t number = 0;
  return nanosecondsEach([&] {
    asm volatile("" : "+r"(called));  // whom it calls is not known when this is compiled
    number += called->echo(number);
    keep(number);
  });
}

}  // namespace beckon::bench
