// A client, with coroutines: turns the lamp on, then down.
//   example-lamp-client tcp://127.0.0.1:9559
#include "directory/client.hpp"
#include "directory/program.hpp"
#include "examples/lamp.hpp"

#include <iostream>

int main(int argc, char** argv) {
  return bus::runOnBus(argc, argv, [](bus::Session& session) -> bus::Awaitable<> {
    const auto lamp = (co_await bus::open<Lamp>(session, "Lamp")).value();
    (co_await lamp->turn(true)).value();
    std::cout << "level " << (co_await lamp->level.get()).value() << std::endl;
    std::cout << "faded by " << (co_await lamp->fade(40)).value() << std::endl;
    co_return beckon::run::Result<>();
  });
}
