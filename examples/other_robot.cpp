// A program on one robot that uses another, as its beckond is configured (remote.robots): asks for its volume, and
// tells of each change until the other robot ends that.
//   example-other-robot nao2 tcp://127.0.0.1:9559
#include "directory/client.hpp"
#include "directory/program.hpp"
#include "localbus/object_value.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace bus = beckon::directory;
using beckon::qi::fromValue;
using beckon::qi::Value;

// What is used of it here.
template <class Side>
struct OtherRobots : bus::Interface<Side> {
  using Object = std::shared_ptr<beckon::localbus::RemoteObject>;
  bus::Method<Side, Value(std::string, std::string, std::string)> get{*this, "get"};
  bus::Method<Side, Object(std::string, std::string, std::string)> watch{*this, "watch"};
};

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string robot = argv[1];
  return bus::runOnBus(argc - 1, argv + 1, [&](bus::Session& session) -> bus::Awaitable<> {
    const auto others = (co_await bus::open<OtherRobots>(session, "OtherRobots")).value();
    auto asking = others->get(robot, "ALTextToSpeech", "volume");
    const auto volume = co_await std::move(asking);
    if (!volume) co_return volume.error();
    std::cout << "volume " << fromValue<float>(*volume).value() << std::endl;

    auto beginning = others->watch(robot, "ALTextToSpeech", "volume");
    const auto watched = co_await std::move(beginning);
    if (!watched) co_return watched.error();
    boost::asio::steady_timer end(session.executor(), std::chrono::steady_clock::time_point::max());
    const std::function<void(const Value&)> changed = [](const Value& event) {
      const auto [now] = fromValue<std::tuple<std::vector<float>>>(event).value();
      std::cout << "volume " << now.at(0) << std::endl;
    };
    const std::function<void(const Value&)> ended = [&](const Value& event) {
      const auto [code, cause] = fromValue<std::tuple<std::string, std::string>>(event).value();
      std::cout << "ended (" << code << "): " << cause << std::endl;
      end.cancel();
    };
    // As long as these and `watched` are there.
    const auto changes = (co_await (*watched)->subscribe("event", changed)).value();
    const auto ends = (co_await (*watched)->subscribe("ended", ended)).value();
    std::cout << "watching" << std::endl;
    co_await end.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return beckon::run::Result<>();
  });
}
