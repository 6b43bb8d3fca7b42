#include "apps/cli/control.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <iostream>

namespace beckon::cli {

using run::Code;
using run::Error;
using run::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr const char* service = "Control";
constexpr milliseconds killTime{2000};

struct Lease {
  std::string name;
  std::vector<std::string> on;
  std::string state, holder;
  milliseconds left{0}, heartbeat{0};
};

// "lease-held: who has it; next" is how a robot words its refusals.
Error unpacked(const Error& error) {
  for (const auto code :
       {Code::leaseHeld, Code::leaseNeeded, Code::unreachable, Code::unknownMember, Code::overloaded}) {
    const auto at = error.cause.find(std::string(run::codeText(code)) + ": ");
    if (error.code != Code::callFailed || at == std::string::npos) continue;
    const auto text = error.cause.substr(at + run::codeText(code).size() + 2);
    const auto semicolon = text.find("; ");
    return {code, text.substr(0, semicolon), semicolon == text.npos ? "" : text.substr(semicolon + 2)};
  }
  return error;
}

Awaitable<std::vector<Lease>> leasesOf(Target& target, milliseconds time) {
  auto asking = target.call(service, "leases", qi::Json::array(), time);
  const auto value = co_await std::move(asking);
  if (!value && value.error().code == Code::unknownService)
    co_return Error{Code::unknownService, "the robot has no control lease that you could take",
                    "its policy names them (docs/configuration.md, \"Control leases\")"};
  if (!value) co_return unpacked(value.error());
  std::vector<Lease> out;
  for (const auto& row : qi::toJson(*value)) {
    if (!row.is_array() || row.size() < 6)
      co_return Error{Code::protocolError, "the robot's control leases cannot be read", {}};
    out.push_back({row[0], row[1], row[2], row[3], milliseconds(row[4].get<std::int64_t>()),
                   milliseconds(row[5].get<std::int64_t>())});
  }
  co_return out;
}

Awaitable<Lease> leaseOf(Target& target, std::string name, milliseconds time) {
  auto asking = leasesOf(target, time);
  const auto all = co_await std::move(asking);
  if (!all) co_return all.error();
  for (const auto& lease : *all)
    if (lease.name == name) co_return lease;
  co_return Error{Code::unknownMember, "there is no control lease \"" + name + "\" for you",
                  "beckon control without a name lists those there are"};
}

void printLeases(const std::vector<Lease>& leases, bool json) {
  auto all = qi::Json::array();
  for (const auto& lease : leases) {
    std::string on;
    for (const auto& each : lease.on) on += (on.empty() ? "" : ", ") + each;
    if (json)
      all.push_back({{"name", lease.name},
                     {"on", lease.on},
                     {"state", lease.state},
                     {"holder", lease.holder},
                     {"left", lease.left.count()},
                     {"heartbeat", lease.heartbeat.count()}});
    else
      std::cout << lease.name << ": " << lease.state
                << (lease.holder.empty() ? ""
                                         : " by " + lease.holder + ", " + std::to_string(lease.left.count()) + " ms")
                << "; " << on << "\n";
  }
  if (json) std::cout << all.dump(-1, ' ', false, qi::Json::error_handler_t::replace) << "\n";
  std::cout << std::flush;
}

Result<int> startCommand(const std::vector<std::string>& words) {
  std::vector<std::string> texts = words;
  std::vector<char*> arguments;
  for (auto& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  if (const int problem = ::posix_spawnp(&process, arguments[0], nullptr, nullptr, arguments.data(), environ))
    return Error{Code::invalidArgument, words[0] + " cannot be started: " + std::strerror(problem),
                 "name a program that you may run"};
  return process;
}

// Takes it; with `asks`, waits until it is given or falls to us.
Awaitable<Lease> take(boost::asio::steady_timer& timer, Target& target, const Command& command) {
  auto looking = leaseOf(target, command.lease, command.time);
  const auto known = co_await std::move(looking);
  if (!known) co_return known.error();
  for (bool isTold = false;; isTold = true) {
    const qi::Json name = qi::Json::array({command.lease});
    auto taking = target.call(service, command.asks ? "ask" : "take", name, command.time);
    if (const auto granted = co_await std::move(taking); !granted) co_return unpacked(granted.error());
    // What a repeated ask keeps is ours.
    auto keeping = target.call(service, "keep", name, command.time);
    const auto kept = co_await std::move(keeping);
    if (kept) {
      // The command has connections of its own.
      auto sharing = target.call(service, "share", name, command.time);
      const auto shared = co_await std::move(sharing);
      if (!shared) co_return unpacked(shared.error());
      auto taken = leaseOf(target, command.lease, command.time);
      co_return co_await std::move(taken);
    }
    if (!command.asks) co_return unpacked(kept.error());
    if (!isTold) std::cerr << "asking " << (known->holder.empty() ? "for it" : known->holder) << std::endl;
    timer.expires_after(known->heartbeat);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

// Until it is over or lost. What a kept lease takes of time: one heartbeat is lost if it takes longer than the lease
// would last without.
Awaitable<void> keep(boost::asio::steady_timer& timer, Target& target, const Lease& lease, const bool& isOver) {
  const auto lapse = std::max(lease.left, lease.heartbeat);
  auto last = steady_clock::now();
  while (!isOver) {
    timer.expires_at(last + lease.heartbeat);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (isOver) break;
    const auto asked = steady_clock::now();
    const auto time = std::chrono::duration_cast<milliseconds>(last + lapse - asked);
    auto keeping = target.call(service, "keep", qi::Json::array({lease.name}), std::max(time, milliseconds(1)));
    const auto kept = co_await std::move(keeping);
    if (!kept && !isOver) {
      const auto why = unpacked(kept.error());
      co_return Error{Code::leaseNeeded, "control of \"" + lease.name + "\" is lost: " + why.cause,
                      "the robot is brought to rest; take it again"};
    }
    last = asked;
  }
  co_return Result<>();
}

}  // namespace

Awaitable<void> control(boost::asio::io_context& io, Target& target, const Command& command, bool& isSound) {
  if (command.lease.empty()) {
    auto asking = leasesOf(target, command.time);
    const auto all = co_await std::move(asking);
    if (!all) co_return all.error();
    printLeases(*all, command.json);
    co_return Result<>();
  }
  boost::asio::steady_timer timer(io);
  auto taking = take(timer, target, command);
  const auto lease = co_await std::move(taking);
  if (!lease) co_return lease.error();
  std::cerr << "control of " << lease->name << " is yours" << std::endl;

  bool isOver = false;
  int process = 0, status = 0;
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  using Handler = std::function<void(boost::system::error_code cancelled, int signal)>;
  const Handler passedOn = [&](boost::system::error_code cancelled, int signal) {
    if (cancelled) return;
    signals.async_wait(passedOn);
    if (process) return void(::kill(process, signal));
    isOver = true;
    timer.cancel();
  };
  signals.async_wait(passedOn);
  boost::asio::signal_set children(io, SIGCHLD);
  const Handler ended = [&](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    // It may have been stopped only, and go on.
    if (!process || ::waitpid(process, &status, WNOHANG) != process) return children.async_wait(ended);
    process = 0;
    isOver = true;
    timer.cancel();
  };
  Result<> result;
  if (!command.program.empty()) {
    children.async_wait(ended);
    const auto started = startCommand(command.program);
    if (started)
      process = *started;
    else
      result = started.error();
  }
  if (result) {
    auto keeping = keep(timer, target, *lease, isOver);
    result = co_await std::move(keeping);
  }
  if (!result) std::cerr << result.error().cause << std::endl;
  if (process) {
    ::kill(process, SIGTERM);
    timer.expires_after(killTime);
    if (!isOver) co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (process) ::kill(process, SIGKILL);
    if (process) ::waitpid(process, &status, 0);
  } else if (result) {
    auto giving = target.call(service, "give", qi::Json::array({lease->name, ""}), command.time);
    if (const auto given = co_await std::move(giving); !given) result = unpacked(given.error());
  }
  if (!command.program.empty() && status != 0) isSound = false;
  signals.cancel();
  children.cancel();
  co_return result;
}

}  // namespace beckon::cli
