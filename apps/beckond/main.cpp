#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "apps/beckond/robot.hpp"
#include "apps/beckond/settings.hpp"
#include "apps/exit_codes.hpp"
#include "apps/report.hpp"

using namespace beckon;

namespace {

int execute(const std::string& configFile, const std::string& logLevel) {
  const auto settings = apps::readSettings(configFile);
  if (!settings) {
    apps::report(settings.error());
    return apps::exitCode(settings.error().code);
  }
  boost::asio::io_context io(1);
  apps::RobotSide robot(io, *settings, run::makeLog("beckond", logLevel));
  int status = 0;
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](auto, int) { robot.stop(); });
  boost::asio::co_spawn(io, robot.run(), [&](std::exception_ptr broken, run::Result<> ended) {
    if (broken) std::rethrow_exception(broken);
    if (!ended) {
      apps::report(ended.error());
      status = apps::exitCode(ended.error().code);
    }
    signals.cancel();
  });
  io.run();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"beckond: the robot's side. Holds the bus and its directory, and answers from outside by XMPP."};
  app.set_version_flag("--version", BECKON_VERSION);
  app.require_subcommand(1);
  std::string configFile, logLevel = "info";
  auto* verb = app.add_subcommand("run", "Run until SIGTERM.");
  verb->add_option("--config", configFile, "The configuration, in TOML (docs/configuration.md)")->required();
  verb->add_option("--log-level", logLevel, "Lines on standard error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    apps::report({run::Code::invalidArgument, error.what(), "see beckond --help"});
    return apps::exitCode(run::Code::invalidArgument);
  }
  return apps::guarded([&] { return execute(configFile, logLevel); });
}
