#include "apps/cli/bench.hpp"

#include "apps/cli/robot_target.hpp"
#include "core/run/base64url.hpp"
#include "core/run/private_file.hpp"
#include "xmpp/trust.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>

namespace beckon::cli {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::size_t otherFiles = 64;  // of this process, beside a socket a robot

std::chrono::milliseconds inTime(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

Result<std::string> readPassword(const std::filesystem::path& file) {
  if (const auto exposed = run::exposure(file)) return *exposed;
  std::ifstream in(file);
  std::string out;
  if (!std::getline(in, out) || out.empty())
    return Error{Code::invalidConfig, "cannot read a password from " + file.string(),
                 "check its name, and who owns it"};
  return out;
}

// Lines: the name of a robot's account, the end of what the owner has signed of it, in seconds since 1970, the
// signature.
Result<std::map<std::string, fleet::Statement>> readStatements(const std::filesystem::path& file,
                                                               const std::string& domain) {
  std::map<std::string, fleet::Statement> out;
  if (file.empty()) return out;
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string name, signature;
    std::int64_t ends = 0;
    words >> name >> ends >> signature;
    const auto bytes = run::fromBase64url<64>(signature);
    if (!words || !bytes)
      return Error{Code::invalidConfig,
                   "line " + std::to_string(out.size() + 1) + " of " + file.string() + " is no statement",
                   "write a line for each robot: NAME ENDS SIGNATURE"};
    out[name] = {name + "@" + domain, fleet::Kind::robot, bench::BenchRobot::keyOf(name),
                 fleet::WallTime(std::chrono::seconds(ends)), *bytes};
  }
  if (out.empty())
    return Error{Code::invalidConfig, "cannot read statements from " + file.string(),
                 "check its name, and who owns it"};
  return out;
}

Result<> checkFiles(std::size_t robots) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      robots + otherFiles <= limit.rlim_cur)
    return {};
  return Error{Code::invalidArgument,
               std::to_string(robots) + " robots need as many open files, and the system gives " +
                   std::to_string(limit.rlim_cur),
               "raise the limit: ulimit -n " + std::to_string(robots + otherFiles)};
}

awaitable<void> untilInputEnds(boost::asio::io_context& io) {
  boost::asio::posix::stream_descriptor input(io, ::dup(STDIN_FILENO));
  char ignored[64];
  for (;;) {
    const auto [ended, size] =
        co_await input.async_read_some(boost::asio::buffer(ignored), boost::asio::as_tuple(boost::asio::use_awaitable));
    if (ended) co_return;
  }
}

void printFigures(const nlohmann::json& figures, bool asJson) {
  if (asJson) {
    std::cout << figures.dump() << std::endl;
    return;
  }
  const auto flat = figures.flatten();
  for (const auto& [path, value] : flat.items()) std::cout << path.substr(1) << "  " << value.dump() << '\n';
  std::cout << std::flush;
}

}  // namespace

void addBenchVerb(CLI::App& app, BenchCommand& command) {
  auto* benches = app.add_subcommand("bench", "Measure what Beckon takes (docs/scale.md).");
  benches->require_subcommand(1);
  auto* verb = benches->add_subcommand(
      "fleet",
      "Log in many robots from one process, each as beckond does, and measure what their server and relay take.");
  verb->callback([&command] { command.isAsked = true; });
  auto& options = command.options;
  const auto seconds = [&](const char* name, double& value, const char* text) {
    verb->add_option(name, value, text)->check(CLI::Range(0.1, 86400.0))->capture_default_str();
  };
  verb->add_option("--robots", options.robots, "How many: accounts robot-00001 ... on the server of this device's")
      ->check(CLI::Range(1, 99999))
      ->capture_default_str();
  verb->add_option("--password-file", command.password, "The password of all these accounts (mode 0600)")->required();
  verb->add_option("--statements", command.statements,
                   "What the owner has signed of robots that were there before: lines of NAME ENDS SIGNATURE");
  verb->add_flag("--bare", command.isBare, "The same without Beckon's payload and relay");
  seconds("--spread", command.spread, "Seconds in which they log in where there is jitter, and at first");
  seconds("--rest", command.idle, "Seconds of rest, for memory and CPU");
  seconds("--asking", command.asking, "Seconds of requests through the component; to the server with --bare");
  seconds("--longest", command.longest, "Seconds that a storm may take");
  verb->add_option("--rounds", options.rounds, "Of two storms each: all at once, and spread")->capture_default_str();
  verb->add_option("--changes", options.changes, "Of presence")->capture_default_str();
  verb->add_option("--server", options.server, "The server's process, whose CPU and memory count");
  verb->add_option("--relay", options.relay, "The relay's");
  verb->add_flag("--stay", command.stays, "Stay online until standard input ends");
}

awaitable<Result<>> benchFleet(boost::asio::io_context& io, BenchCommand command, run::Log log) {
  if (const auto enough = checkFiles(command.options.robots); !enough) co_return enough.error();
  auto device = readRemote(command.config);
  if (!device) co_return device.error();
  const auto password = readPassword(command.password);
  if (!password) co_return password.error();
  // Once for all: they take more than everything else of a stream.
  const auto authorities = xmpp::trust(device->stream.caFile);
  if (!authorities) co_return authorities.error();
  auto owner = device->stream;
  owner.trusted = *authorities;

  bench::RobotSettings settings;
  settings.stream = owner;
  settings.stream.password = *password;
  settings.stream.resource = "beckond";
  settings.owner = owner.account;
  auto statements = readStatements(command.statements, owner.account.domain());
  if (!statements) co_return statements.error();
  settings.statements = std::move(*statements);
  if (!command.isBare) {
    const auto relay =
        xmpp::Jid::parse(device->membership ? device->membership->relay : "relay." + owner.account.domain());
    if (!relay) co_return relay.error();
    settings.relay = *relay;
  }
  auto options = command.options;
  options.spread = inTime(command.spread);
  options.idle = inTime(command.idle);
  options.asking = inTime(command.asking);
  options.longest = inTime(command.longest);
  bench::Crowd crowd(io.get_executor(), std::move(settings), std::move(owner), options.robots, std::move(log));
  auto measuring = bench::measureFleet(crowd, options, command.isBare);
  const auto figures = co_await std::move(measuring);
  if (figures) {
    printFigures(*figures, command.json);
    if (command.stays) co_await untilInputEnds(io);
  }
  crowd.stop();
  co_return figures ? Result<>() : Result<>(figures.error());
}

}  // namespace beckon::cli
