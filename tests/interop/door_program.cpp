// A directory, and before it the LAN door of a gateway through which all come who know only the address
// (docs/interop.md, "libqi's own session tests"). Lets everybody in, who then may everything: for tests on one
// computer.
//
//   door_program tcp://127.0.0.1:PORT   says "ready URL" and runs until SIGTERM
#include "core/run/machine_id.hpp"
#include "directory/service_directory.hpp"
#include "gateway/doors/lan_door.hpp"

#include <boost/asio/signal_set.hpp>

#include <iostream>

using namespace beckon;

namespace {

constexpr const char* everything = R"(
[[rule]]
name = "everything"
who = ["*"]
may = ["list", "call", "post", "get", "set", "watch", "register"]
on = ["*"]
)";

run::Result<> serve(const std::string& url) {
  const auto endpoint = localbus::Endpoint::parse(url);
  if (!endpoint) return endpoint.error();
  const auto machine = run::machineId();
  if (!machine) return machine.error();
  const auto policy = policy::Policy::parse(everything, "built in");
  if (!policy) return policy.error();
  boost::asio::io_context io(1);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  const auto log = run::makeLog("door", {.level = "warning"});
  directory::ServiceDirectory directory(io, *machine, log);
  const auto bus = directory.start({"127.0.0.1", 0});
  if (!bus) return bus.error();
  const auto onBus = [&](const qi::CapabilityMap& capabilities) {
    directory::Session::Options options;
    options.machineId = *machine;
    for (const auto& [key, value] : capabilities) options.capabilities.insert_or_assign(key, value);
    return directory::Session::keep(io, *bus, options, log);
  };
  policy::Authority authority(*policy);
  const auto own = onBus({});
  gateway::LanDoor::Options options;
  options.machineId = *machine;
  options.admit = [](const auto&) { return policy::Admitted{"token:anybody", {}, 1}; };
  options.bus = onBus;
  gateway::LanDoor door(io, authority, own, std::move(options), log);
  run::Result<localbus::Endpoint> listening(*endpoint);
  own->onOpened([&] {
    door.busIsThere();
    listening = door.start(*endpoint, {});
    own->onOpened([&] { door.busIsThere(); });
    if (listening)
      std::cout << "ready " << listening->url() << std::endl;
    else
      io.stop();
  });
  signals.async_wait([&](auto, int) { io.stop(); });
  io.run();
  door.stop();
  own->close();
  directory.stop();
  if (!listening) return listening.error();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto done = serve(argc > 1 ? argv[1] : "");
  if (!done) std::cerr << "error: " << done.error().cause << std::endl;
  return done ? 0 : 1;
}
