// A service: a lamp on the bus, until it is stopped.
//   beckon-directory tcp://127.0.0.1:9559 &  example-lamp-service
#include "directory/program.hpp"
#include "directory/service.hpp"
#include "examples/lamp.hpp"

int main(int argc, char** argv) {
  Lamp<bus::Service> lamp;
  lamp.turn = [&](bool on) {
    lamp.level.set(on ? 100 : 0);
    if (on) lamp.flickered("it is old");
  };
  lamp.fade = [&](std::int32_t to) -> bus::Awaitable<std::int32_t> {
    const auto way = to - lamp.level.get();
    boost::asio::steady_timer step(co_await boost::asio::this_coro::executor);
    for (; lamp.level.get() != to; lamp.level.set(lamp.level.get() + (way > 0 ? 1 : -1))) {
      step.expires_after(std::chrono::milliseconds(2));
      co_await step.async_wait(boost::asio::use_awaitable);
    }
    co_return way;
  };
  return bus::serveOnBus(argc, argv, "Lamp", lamp);
}
