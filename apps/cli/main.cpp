#include "apps/cli/audit.hpp"
#include "apps/cli/bench.hpp"
#include "apps/cli/bugreport.hpp"
#include "apps/cli/bus_target.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/completion.hpp"
#include "apps/cli/control.hpp"
#include "apps/cli/doctor.hpp"
#include "apps/cli/fleet.hpp"
#include "apps/cli/lan_robots.hpp"
#include "apps/cli/many.hpp"
#include "apps/cli/policy.hpp"
#include "apps/cli/print.hpp"
#include "apps/cli/robot_target.hpp"
#include "apps/cli/robot_watch.hpp"
#include "apps/cli/stats.hpp"
#include "apps/cli/token.hpp"
#include "apps/cli/trace.hpp"
#include "apps/cli/watch.hpp"
#include "apps/program.hpp"
#include "core/qi/utf8.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

using namespace beckon;
using boost::asio::awaitable;
using cli::Command;
using cli::Verb;
using run::Result;

namespace {

// Each argument of the command line is a JSON text of its own.
Result<qi::Json> readArguments(const std::vector<std::string>& texts) {
  qi::Json out = qi::Json::array();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto parsed = qi::parseJson(texts[i]);
    if (!parsed) {
      auto error = parsed.error();
      error.cause = "argument " + std::to_string(i + 1) + ", " + qi::printable(texts[i], 60) + ": " + error.cause;
      return error;
    }
    out.push_back(std::move(*parsed));
  }
  return Result<qi::Json>(boost::system::in_place_value, std::move(out));
}

// What a verb that was carried out has found.
struct Verdict {
  bool isSound = true;
  bool haveAll = true;  // of many robots each has done it
  int exitCode() const { return !isSound ? 1 : !haveAll ? 9 : 0; }
};

// The verbs that a bus and a robot have in common.
awaitable<Result<>> performed(cli::Target& target, const Command& command, const qi::Json& arguments) {
  if (command.verb == Verb::services) {
    const auto services = co_await target.services();
    if (!services) co_return services.error();
    cli::print(*services, command.json);
  } else if (command.verb == Verb::info) {
    const auto info = co_await target.info(command.service);
    if (!info) co_return info.error();
    cli::print(command.service, *info, target.path(), command.json);
  } else if (command.verb == Verb::call) {
    const auto value = co_await target.call(command.service, command.member, arguments, command.time);
    if (!value) co_return value.error();
    cli::print(*value, command.json);
  } else if (command.verb == Verb::post) {
    co_return co_await target.post(command.service, command.member, arguments);
  } else if (command.verb == Verb::set) {
    co_return co_await target.set(command.service, command.member, arguments.at(0), command.time);
  } else {
    const auto value = co_await target.get(command.service, command.member, command.time);
    if (!value) co_return value.error();
    cli::print(*value, command.json);
  }
  co_return Result<>();
}

awaitable<Result<>> perform(cli::Target& target, const Command& command, const qi::Json& arguments) {
  const auto result = co_await performed(target, command, arguments);
  if (const auto path = target.path(); command.verbose && !command.service.empty() && !path.empty())
    cli::printPath(command.service, path);
  co_return result;
}

// `met`: the robot that was found by that command has shown its key when the bus is there.
awaitable<Result<>> onBus(boost::asio::io_context& io, const Command& command, const qi::Json& arguments, run::Log log,
                          bool& isSound, const Command* met = nullptr) {
  const auto bus = co_await cli::BusTarget::connect(io, command, log);
  if (!bus) co_return bus.error();
  if (met)
    if (const auto kept = cli::rememberLanRobot(*met); !kept) co_return kept.error();
  if (command.verb == Verb::control) co_return co_await cli::control(io, **bus, command, isSound);
  if (command.verb == Verb::watch) co_return co_await cli::watch(io, **bus, command);
  if (command.verb == Verb::trace) co_return co_await cli::trace(io, **bus, command);
  if (command.verb == Verb::stats) co_return co_await cli::stats(io, **bus, command);
  co_return co_await perform(**bus, command, arguments);
}

awaitable<Result<>> onLan(boost::asio::io_context& io, const Command& command, const qi::Json& arguments, run::Log log,
                          bool& isSound) {
  auto reaching = cli::reachLanRobot(command);
  const auto reached = co_await std::move(reaching);
  if (!reached) co_return reached.error();
  co_return co_await onBus(io, *reached, arguments, log, isSound, &command);
}

awaitable<Result<>> byXmpp(boost::asio::io_context& io, const Command& command, const qi::Json& arguments, run::Log log,
                           Verdict& verdict) {
  auto options = cli::readRemote(command.config);
  if (!options) co_return options.error();
  remote::Remote remote(io, std::move(*options), log);
  if (const auto started = co_await remote.start(); !started) co_return started.error();
  Result<> result;
  if (command.verb == Verb::robots) {
    const auto listing = co_await remote.robots();
    cli::print(listing, command.json);
  } else if (command.verb == Verb::watch) {
    result = co_await cli::watch(io, remote, command);
  } else if (command.verb == Verb::control) {
    cli::RobotTarget target(remote, command.robot);
    result = co_await cli::control(io, target, command, verdict.isSound);
  } else if (!command.all.empty()) {
    result = co_await cli::many(io, remote, command, arguments, verdict.haveAll);
  } else {
    cli::RobotTarget target(remote, command.robot);
    result = co_await perform(target, command, arguments);
  }
  remote.stop();
  co_return result;
}

awaitable<Result<>> obey(boost::asio::io_context& io, const Command& command, run::Log log, Verdict& verdict) {
  if (command.verb == Verb::doctor) {
    const auto sound = co_await cli::doctor(command);
    if (!sound) co_return sound.error();
    verdict.isSound = *sound;
    co_return Result<>();
  }
  const auto arguments = readArguments(command.verb == Verb::control ? std::vector<std::string>() : command.arguments);
  if (!arguments) co_return arguments.error();
  if (command.lan) co_return co_await cli::listLanRobots(command);
  if (command.isOnLan) co_return co_await onLan(io, command, *arguments, log, verdict.isSound);
  if (command.bus.empty()) co_return co_await byXmpp(io, command, *arguments, log, verdict);
  co_return co_await onBus(io, command, *arguments, log, verdict.isSound);
}

Result<> runToItsEnd(boost::asio::io_context& io, awaitable<Result<>> work) {
  Result<> result;
  boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr broken, Result<> ended) {
    if (broken) std::rethrow_exception(broken);
    result = ended;
  });
  io.run();
  return result;
}

Result<> execute(const Command& command, const run::LogStyle& logStyle, Verdict& verdict) {
  boost::asio::io_context io(1);
  return runToItsEnd(io, obey(io, command, run::makeLog("beckon", logStyle), verdict));
}

Result<> perform(const cli::FleetCommand& command, const run::LogStyle& logStyle) {
  boost::asio::io_context io(1);
  return runToItsEnd(io, cli::manageFleet(io, command, run::makeLog("beckon", logStyle)));
}

Result<> perform(const cli::BenchCommand& command, const run::LogStyle& logStyle) {
  boost::asio::io_context io(1);
  return runToItsEnd(io, cli::benchFleet(io, command, run::makeLog("beckon", logStyle)));
}

struct VerbText {
  const char* name;
  Verb verb;
  const char* text;
  const char* place;  // nullptr: takes none
};

const VerbText verbs[] = {
    {"robots", Verb::robots,
     "The robots that are configured: who is there, and how old that is. With --lan: those that announce themselves in "
     "this network, without a server.",
     nullptr},
    {"services", Verb::services, "The services of a robot, or of the bus.", "ROBOT or NAME.local; nothing with --bus"},
    {"info", Verb::info, "What a service offers.", "ROBOT/SERVICE; SERVICE with --bus"},
    {"call", Verb::call, "Call a method. Each argument is JSON: 0.5, true, '\"text\"'.",
     "ROBOT/SERVICE.METHOD; SERVICE.METHOD with --bus"},
    {"post", Verb::post, "Call a method without waiting for it.", "ROBOT/SERVICE.METHOD; SERVICE.METHOD with --bus"},
    {"get", Verb::get, "Read a property.", "ROBOT/SERVICE.PROPERTY; SERVICE.PROPERTY with --bus"},
    {"set", Verb::set, "Change a property.", "ROBOT/SERVICE.PROPERTY; SERVICE.PROPERTY with --bus"},
    {"watch", Verb::watch,
     "Print the events of a signal or property; with --bus and no place, services that come and go.",
     "ROBOT/SERVICE.SIGNAL; SERVICE.SIGNAL or nothing with --bus"},
    {"trace", Verb::trace, "With --bus: print calls, their answers, and events as they pass, with their times.",
     "SERVICE, SERVICE.MEMBER, or nothing for all services"},
    {"stats", Verb::stats,
     "With --bus: measure for a while how many calls, events and bytes pass through each service.",
     "SERVICE, or nothing for all"},
    {"control", Verb::control,
     "List control leases; or take one and keep it while a command runs: ROBOT NAME -- COMMAND.",
     "ROBOT; nothing with --bus. Then the name of the lease"},
    {"doctor", Verb::doctor, "Look at a robot's bus step by step and say what is wrong and what to do; 10 s at most.",
     "HOST, HOST:PORT or the address of a bus"},
};

// The verbs about policy files, which are read here and now: no robot is asked.
CLI::App* addPolicy(CLI::App& app, cli::PolicyCommand& command) {
  using PolicyVerb = cli::PolicyCommand::Verb;
  auto* policy = app.add_subcommand("policy", "Policy files: who may do what with a robot.");
  policy->require_subcommand(1);
  const auto add = [&](const char* name, PolicyVerb verb, const char* text) {
    auto* added = policy->add_subcommand(name, text);
    added->callback([&command, verb] { command.verb = verb; });
    return added;
  };
  auto* check = add("check", PolicyVerb::check, "Say whether a file can be used, or every fault in it with its place.");
  check->add_option("file", command.file, "The policy")->capture_default_str();
  auto* show = add("show", PolicyVerb::show, "The rules of a file, a line each.");
  show->add_option("file", command.file, "The policy")->capture_default_str();
  auto* explain = add("explain", PolicyVerb::explain, "Whether somebody may do something now, by which rule, and why.");
  explain->add_option("who", command.who, "alice@example.org, token:NAME or key:SHA256:HEX")->required();
  explain->add_option("what", command.what, "call SERVICE.METHOD, get SERVICE.PROPERTY, list SERVICE ...")->required();
  explain->add_option("--file", command.file, "The policy")->capture_default_str();
  explain->add_option("--door", command.door, "iq, lan or link")->capture_default_str();
  explain->add_option("--role", command.roles, "A role that the credential carries")->take_all()->expected(1);
  explain->add_option("--payload", command.payload, "Bytes of the arguments")->capture_default_str();
  auto* migrate =
      add("migrate", PolicyVerb::migrate, "The policy that says what a configuration's access.principals do.");
  migrate->add_option("file", command.file, "beckond's configuration")->required();
  return policy;
}

const char* const footer =
    "Exit codes: 0 done, 1 fault of Beckon, 2 wrong usage or arguments, 3 no such robot, service or member,\n"
    "4 cannot be reached or lost, 5 no answer in time, 6 refused, 7 the service answered with an error, 8 broken "
    "protocol or limit, 9 of many robots (--all) not each has done it.\nOf doctor and audit verify: 0 sound, 1 not "
    "sound, 2 wrong usage.";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"beckon: find robots and use their services, through XMPP or on a local bus.", "beckon"};
  app.footer(footer);
  app.require_subcommand(1);
  app.fallthrough();
  // Arguments are taken as they stand: as an option's values, CLI11 would take JSON arrays apart.
  app.allow_extras();

  Command command;
  command.config = cli::usualConfig();
  std::string place;
  run::LogStyle logStyle{.level = "off"};
  double seconds = 10, measured = 5;
  app.add_option("--bus", command.bus,
                 "The address of a bus's directory, tcp://HOST:PORT (tcps, tcpsm and unix:///PATH, too), instead of a "
                 "robot by XMPP");
  apps::addTlsOptions(app, command.tls, true, false);
  app.add_option(
      "--token-file", command.tokenFile,
      "A file (mode 0600) with the token to show to a robot's LAN door, and for doctor; - is standard input. "
      "Else the file that BECKON_TOKEN_FILE names");
  app.add_option("--user", command.user, "Whose token that is, where the robot has users");
  app.add_option("--config", command.config, "The account to use (docs/configuration.md)")->capture_default_str();
  app.add_flag("--json", command.json, "Print JSON, errors too");
  app.add_flag("-v,--verbose", command.verbose, "Say on standard error how the service is reached");
  app.add_option("--timeout", seconds, "Seconds that connecting, and then a call, may take; by XMPP at most 60")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  for (const auto& text : verbs) {
    auto* verb = app.add_subcommand(text.name, text.text);
    verb->callback([&command, &text] { command.verb = text.verb; });
    if (text.place) verb->add_option("place", place, text.place);
    if (text.verb == Verb::call || text.verb == Verb::post || text.verb == Verb::set)
      verb->footer("JSON arguments follow the place.");
    if (text.verb == Verb::call || text.verb == Verb::post || text.verb == Verb::get || text.verb == Verb::set)
      verb->add_option(
          "--all", command.all,
          "In place of ROBOT/: each known robot whose name matches, 'lab-*'; a line for each as it answers");
    if (text.verb == Verb::robots) verb->add_flag("--lan", command.lan, "Those of this network, by DNS-SD");
    if (text.verb == Verb::watch || text.verb == Verb::trace)
      verb->add_option("--count", command.count, "End after so many lines");
    if (text.verb == Verb::control) {
      verb->add_flag("--hold", command.holds, "Keep it until interrupted");
      verb->add_flag("--ask", command.asks, "Ask whoever has it, and wait for it");
    }
    if (text.verb == Verb::stats)
      verb->add_option("--for", measured, "Seconds to measure; interrupted, it ends with what was measured")
          ->check(CLI::Range(0.001, 86400.0))
          ->capture_default_str();
  }
  // What control runs is another program's command line.
  const std::vector<std::string> words(argv, argv + argc);
  const auto mark = std::ranges::find(words, "--");
  if (mark != words.end() && std::find(words.begin(), mark, "control") != mark) {
    command.program.assign(mark + 1, words.end());
    argc = static_cast<int>(mark - words.begin());
  }
  cli::PolicyCommand policy;
  const auto* aboutPolicy = addPolicy(app, policy);
  cli::TokenCommand token;
  cli::addTokenVerb(app, token);
  cli::FleetCommand fleet;
  cli::addFleetVerbs(app, fleet);
  cli::AuditCommand record;
  cli::addAuditVerb(app, record);
  cli::BugreportCommand report;
  cli::addBugreportVerb(app, report);
  cli::BenchCommand bench;
  cli::addBenchVerb(app, bench);
  const auto* completion = app.add_subcommand("completion", "Print a script for bash: source <(beckon completion).");
  Verdict verdict;
  const auto body = [&]() -> Result<> {
    if (aboutPolicy->parsed()) {
      policy.json = command.json;
      return cli::policy(policy);
    }
    record.json = command.json;
    if (record.action != cli::AuditCommand::Action::none) return cli::audit(record, verdict.isSound);
    if (report.isAsked) return cli::bugreport(report);
    if (bench.isAsked) {
      bench.json = command.json;
      bench.config = command.config;
      return perform(bench, logStyle);
    }
    command.arguments = app.remaining(true);
    if (completion->parsed()) {
      std::cout << cli::bashCompletion(app) << std::flush;
      return {};
    }
    if (fleet.action != cli::FleetCommand::Action::none) {
      fleet.json = command.json;
      fleet.config = command.config;
      if (!command.arguments.empty())
        return run::Error{run::Code::invalidArgument, "\"" + command.arguments[0] + "\" is one word too many",
                          "see beckon fleet --help"};
      return perform(fleet, logStyle);
    }
    token.json = command.json;
    if (token.action != cli::TokenCommand::Action::none)
      return cli::manageTokens(token, command.arguments, beckon::policy::wallClock());
    command.time = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
    command.measured = std::chrono::milliseconds(static_cast<std::int64_t>(measured * 1000));
    if (const auto complete = cli::complete(place, command); !complete) return complete;
    return execute(command, logStyle, verdict);
  };
  const int status = apps::Program(app, logStyle).run(argc, argv, body, &command.json);
  return status == 0 ? verdict.exitCode() : status;
}
