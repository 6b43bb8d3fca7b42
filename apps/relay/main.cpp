#include "apps/program.hpp"
#include "apps/relay/relay_side.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include <iostream>

using namespace beckon;

namespace {

run::Result<> serve(const std::string& configFile, const std::string& bytestreams, const run::LogStyle& logStyle) {
  auto settings = apps::readRelaySettings(configFile);
  if (!settings) return settings.error();
  if (!bytestreams.empty()) {
    const auto listen = apps::readListenAddress(bytestreams);
    if (!listen) return listen.error();
    settings->bytestreams.listen = *listen;
  }
  boost::asio::io_context io(1);
  apps::RelaySide relay(io, *settings, run::makeLog("relay", logStyle));
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](auto, int) { relay.stop(); });
  run::Result<> result;
  boost::asio::co_spawn(io, relay.run(), [&](std::exception_ptr broken, run::Result<> ended) {
    if (broken) std::rethrow_exception(broken);
    result = ended;
    signals.cancel();
  });
  io.run();
  return result;
}

run::Result<> printOwnerCode(const std::string& configFile, const std::string& fleetName) {
  const auto settings = apps::readRelaySettings(configFile);
  if (!settings) return settings.error();
  auto place = apps::prepare(*settings);
  if (!place) return place.error();
  if (place->port == 0)
    return run::Error{run::Code::invalidConfig, "the relay takes any free port, so that a code cannot name it",
                      "give enrol.port"};
  if (!fleetName.empty()) place->fleet = fleetName;
  if (!fleet::isName(place->fleet))
    return run::Error{run::Code::invalidArgument, "\"" + place->fleet + "\" cannot be the name of a fleet",
                      "use 1 to 32 small letters, digits and '-'"};
  auto store = relay::FleetStore::open(settings->state / relay::FleetStore::fileName);
  if (!store) return store.error();
  const auto code = apps::makeOwnerCode(*store, *place, apps::RelaySide::ownerCodeLifetime);
  if (!code) return code.error();
  std::cout << *code << std::endl;
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"beckon-relay: enrols robots and people's devices beside an XMPP server, and keeps their fleets.",
               "beckon-relay"};
  app.require_subcommand(1);
  app.fallthrough();
  std::string configFile = "relay.toml", fleetName, bytestreams;
  run::LogStyle logStyle;
  auto* run = app.add_subcommand("run", "Run until SIGTERM. Prints a code for the owner of a fleet that has none.");
  auto* owner = app.add_subcommand(
      "owner",
      "Print a code, good for an hour, by which a device becomes the owner of a fleet: of a new one, or in the "
      "place of an owner whose device is lost.");
  for (auto* verb : {run, owner})
    verb->add_option("--config", configFile, "The configuration, in TOML (docs/relay.md)")->capture_default_str();
  run->add_option("--bytestreams", bytestreams,
                  "ADDRESS:PORT where members' bytestreams pass through; in the place of bytestreams.listen");
  owner->add_option("--fleet", fleetName, "Its name; else the one that the configuration names");
  return apps::Program(app, logStyle).run(argc, argv, [&] {
    return run->parsed() ? serve(configFile, bytestreams, logStyle) : printOwnerCode(configFile, fleetName);
  });
}
