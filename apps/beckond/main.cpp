#include "apps/beckond/robot.hpp"
#include "apps/beckond/settings.hpp"
#include "apps/enrol/enrol.hpp"
#include "apps/program.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include <fstream>
#include <iostream>

using namespace beckon;

namespace {

run::Result<> serve(const std::string& configFile, const run::LogStyle& logStyle) {
  const auto state = apps::stateFolder(configFile);
  if (!state) return state.error();
  if (const auto moved = fleet::Membership::finishMove(*state); !moved) return moved.error();
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

struct Enrolment {
  std::string code;  // "-": the first line of standard input
  std::string name;
  bool isAgain = false, runs = false;
};

// A configuration that says nothing is enough for a robot that is enrolled.
run::Result<> provideConfig(const std::string& configFile) {
  std::error_code problem;
  if (std::filesystem::exists(configFile, problem)) return {};
  std::ofstream out(configFile);
  out << "# What this robot does beyond the usual: docs/configuration.md. Its account is in state/, by beckond "
         "enroll.\n";
  if (out.flush()) return {};
  return run::Error{run::Code::invalidConfig, "cannot write " + configFile, "make its folder writable"};
}

run::Result<> enroll(Enrolment wish, const std::string& configFile) {
  const auto code = apps::readCode(wish.code);
  if (!code) return code.error();
  if (code->place().kind != fleet::Kind::robot)
    return run::Error{run::Code::badCode,
                      "this code is for the device of a " + std::string(fleet::text(code->place().kind)),
                      "use it there: beckon enroll CODE"};
  if (const auto there = provideConfig(configFile); !there) return there.error();
  const auto state = apps::stateFolder(configFile);
  if (!state) return state.error();
  auto proxy = apps::proxyTo(code->place().host, configFile);
  if (!proxy) return proxy.error();
  if (wish.name.empty()) wish.name = apps::nameFrom(apps::hostName());
  boost::asio::io_context io(1);
  run::Result<> result;
  boost::asio::co_spawn(io, apps::enrol(*code, wish.name, *state, wish.isAgain, *proxy),
                        [&](std::exception_ptr broken, run::Result<fleet::Membership> ended) {
                          if (broken) std::rethrow_exception(broken);
                          if (!ended) return void(result = ended.error());
                          std::cout << "enrolled " << ended->account << " in fleet " << ended->fleet << " of "
                                    << ended->ownerAccount << std::endl;
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
  std::string configFile = "robot.toml";
  Enrolment enrolment;
  run::LogStyle logStyle;
  auto* running = app.add_subcommand("run", "Run until SIGTERM.");
  auto* enrolling = app.add_subcommand("enroll", "Make this robot a member of a fleet, by a code of its owner.");
  for (auto* verb : {running, enrolling})
    verb->add_option("--config", configFile, "The configuration, in TOML (docs/configuration.md)")
        ->capture_default_str();
  enrolling->add_option("code", enrolment.code, "The code; -: it is the first line of standard input")->required();
  enrolling->add_option("--name", enrolment.name, "The name of its account; else that of the computer");
  enrolling->add_flag("--again", enrolment.isAgain, "In the place of what was enrolled here before");
  enrolling->add_flag("--run", enrolment.runs, "Then run");
  return apps::Program(app, logStyle).run(argc, argv, [&]() -> run::Result<> {
    if (enrolling->parsed())
      if (const auto done = enroll(enrolment, configFile); !done || !enrolment.runs) return done;
    return serve(configFile, logStyle);
  });
}
