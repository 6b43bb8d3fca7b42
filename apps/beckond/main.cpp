#include "apps/beckond/robot.hpp"
#include "apps/beckond/settings.hpp"
#include "apps/program.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

using namespace beckon;

namespace {

run::Result<> serve(const std::string& configFile, const run::LogStyle& logStyle) {
  const auto settings = apps::readSettings(configFile);
  if (!settings) return settings.error();
  boost::asio::io_context io(1);
  apps::RobotSide robot(io, *settings, run::makeLog("beckond", logStyle));
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](auto, int) { robot.stop(); });
  run::Result<> result;
  boost::asio::co_spawn(io, robot.run(), [&](std::exception_ptr broken, run::Result<> ended) {
    if (broken) std::rethrow_exception(broken);
    result = ended;
    signals.cancel();
  });
  io.run();
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"beckond: the robot's side. Holds the bus and its directory, and answers from outside by XMPP.",
               "beckond"};
  app.require_subcommand(1);
  app.fallthrough();
  std::string configFile;
  run::LogStyle logStyle;
  auto* verb = app.add_subcommand("run", "Run until SIGTERM.");
  verb->add_option("--config", configFile, "The configuration, in TOML (docs/configuration.md)")->required();
  return apps::Program(app, logStyle).run(argc, argv, [&] { return serve(configFile, logStyle); });
}
