// Watches a signal and a property, until it is stopped.
//   example-lamp-watch tcp://127.0.0.1:9559
#include "directory/client.hpp"
#include "directory/program.hpp"
#include "examples/lamp.hpp"

#include <iostream>

int main(int argc, char** argv) {
  return bus::runOnBus(argc, argv, [](bus::Session& session) -> bus::Awaitable<> {
    const auto lamp = (co_await bus::open<Lamp>(session, "Lamp")).value();
    const auto flickers = co_await lamp->flickered.subscribe(
        [](const std::string& why) { std::cout << "flickered: " << why << std::endl; });
    const auto levels =
        co_await lamp->level.subscribe([](std::int32_t level) { std::cout << "level " << level << std::endl; });
    std::cout << "watching" << std::endl;
    co_return co_await bus::untilStopped();
  });
}
