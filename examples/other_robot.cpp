// A program on one robot that uses another, as beckond there is configured (remote.robots), until it is stopped.
//   example-other-robot tcp://127.0.0.1:9559 nao2
#include "directory/program.hpp"
#include "examples/other_robots.hpp"

#include <iostream>

int main(int argc, char** argv) {
  return argc < 3 ? 2 : bus::runOnBus(argc, argv, [&](bus::Session& session) -> bus::Awaitable<> {
    const auto others = (co_await bus::open<OtherRobots>(session, "OtherRobots")).value();
    auto asking = others->get(argv[2], "ALTextToSpeech", "volume");
    std::cout << "volume " << beckon::qi::fromValue<float>((co_await std::move(asking)).value()).value() << std::endl;

    auto beginning = others->watch(argv[2], "ALTextToSpeech", "volume");
    const auto volume = bus::proxy<Watched>((co_await std::move(beginning)).value(), others->timeout()).value();
    const auto changes = co_await volume->event.subscribe(
        [](const std::vector<float>& now) { std::cout << "volume " << now.at(0) << std::endl; });
    const auto end = co_await volume->ended.subscribe(
        [](const std::string& code, const std::string&) { std::cout << "ended: " << code << std::endl; });
    std::cout << "watching" << std::endl;
    co_return co_await bus::untilStopped();
  });
}
