// The service "Vec" of a libqi program, from the recording 09_calls.json, as a process: registers at the directory,
// says "ready" and answers as libqi answered then, until it is killed. For tests of whole programs where no libqi is
// known.
//
//   recorded_service URL
#include "core/run/machine_id.hpp"
#include "tests/directory/bus.hpp"
#include "tests/interop/recorded_answers.hpp"

#include <iostream>

using namespace beckon;

int main(int argc, char** argv) {
  const auto directory = argc == 2 ? localbus::Endpoint::parse(argv[1]) : run::Error{};
  if (!directory) {
    std::cerr << "usage: recorded_service URL\n";
    return 2;
  }
  test::Loop loop;
  test::RecordedAnswers calls(loop, "09_calls.json", 3);
  test::RawPeer program(loop, *directory);
  program.authenticate();
  auto info = test::info("Vec", calls.endpoint().url());
  info.machineId = run::machineId().value();  // so that the port on 127.0.0.1 is taken for one of this machine
  const auto id = program.ask(test::Bus::member(test::member::registerService), qi::encode(info)).as<std::uint32_t>();
  program.ask(test::Bus::member(test::member::serviceReady), qi::encode(id));
  std::cout << "ready" << std::endl;
  for (;;) {
    try {
      calls.serve([] { return false; });
    } catch (const std::runtime_error& why) {  // silence for the patience of a test, or no such question
      std::cerr << why.what() << std::endl;
    }
  }
}
