// A script: one call after the other, no coroutines; also by names, without the interface.
//   example-lamp-script tcp://127.0.0.1:9559
#include "directory/blocking.hpp"
#include "directory/program.hpp"
#include "examples/lamp.hpp"

#include <iostream>

int main(int argc, char** argv) {
  const auto session = bus::BlockingSession::connect(argc > 1 ? argv[1] : bus::usualBus).value();
  const auto lamp = session->open<Lamp>("Lamp").value();
  lamp->turn(true).value();
  lamp->level.set(70).value();
  std::cout << "faded by " << lamp->fade(60).value() << std::endl;
  session->call("Lamp", "turn", false).value();
  std::cout << "level " << lamp->level.get().value() << std::endl;
}
