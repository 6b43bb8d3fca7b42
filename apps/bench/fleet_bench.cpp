#include "apps/bench/fleet_bench.hpp"

#include "apps/bench/process.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace beckon::bench {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using Json = nlohmann::json;

namespace {

// What is on its way when a storm is over, such as the answers of the relay.
constexpr std::chrono::seconds settling{3}, patience{60};
constexpr double megabyte = 1e6;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// Of everybody who is measured, at one moment.
struct Moment {
  Usage server, relay, generator;

  static Result<Moment> now(const FleetOptions& options) {
    Moment out;
    const auto own = usageOf(::getpid());
    if (!own) return own.error();
    out.generator = *own;
    for (const auto& [pid, place] : {std::pair(options.server, &out.server), std::pair(options.relay, &out.relay)}) {
      if (pid == 0) continue;
      const auto used = usageOf(pid);
      if (!used) return used.error();
      *place = *used;
    }
    return out;
  }
};

// CPU seconds from one moment to the other, divided among so many.
Json cpuBetween(const Moment& before, const Moment& after, double count) {
  return {{"server", (after.server.cpu - before.server.cpu) / count},
          {"relay", (after.relay.cpu - before.relay.cpu) / count},
          {"generator", (after.generator.cpu - before.generator.cpu) / count}};
}

Json memoryBetween(const Moment& before, const Moment& after, double count) {
  const auto each = [&](const Usage& from, const Usage& to) {
    return static_cast<double>(to.memory - from.memory) / count;
  };
  return {{"server", each(before.server, after.server)},
          {"relay", each(before.relay, after.relay)},
          {"generator", each(before.generator, after.generator)},
          {"server_whole_MB", static_cast<double>(after.server.memory) / megabyte}};
}

Result<Json> told(Json figures) { return {boost::system::in_place_value, std::move(figures)}; }

awaitable<Result<Json>> storm(Crowd& crowd, const FleetOptions& options, std::chrono::nanoseconds spread) {
  const auto before = Moment::now(options);
  if (!before) co_return before.error();
  const auto storm = co_await crowd.logIn(spread, options.longest);
  if (crowd.ownerLost()) co_return *crowd.ownerLost();
  if (!storm.isComplete)
    co_return Error{Code::timedOut,
                    "of " + std::to_string(options.robots) + " robots " + std::to_string(storm.taken.size()) +
                        " came online, with " + std::to_string(storm.failures) + " failures, and not all were seen",
                    "look into the server's log for its limits: open files, rates, stanza sizes"};
  co_await crowd.pause(settling);
  const auto after = Moment::now(options);
  if (!after) co_return after.error();
  Json figures{
      {"spread", seconds(spread)},  {"seconds", seconds(storm.whole)},
      {"p50", storm.taken.at(0.5)}, {"p99", storm.taken.at(0.99)},
      {"failures", storm.failures}, {"cpu_a_login", cpuBetween(*before, *after, static_cast<double>(options.robots))}};
  co_return told(std::move(figures));
}

awaitable<Result<Json>> rest(Crowd& crowd, const FleetOptions& options) {
  const auto before = Moment::now(options);
  if (!before) co_return before.error();
  co_await crowd.pause(options.idle);
  const auto after = Moment::now(options);
  if (!after) co_return after.error();
  const auto hours = seconds(options.idle) / 3600;
  Json figures{{"seconds", seconds(options.idle)},
               {"cpu_a_robot_and_hour", cpuBetween(*before, *after, static_cast<double>(options.robots) * hours)}};
  co_return told(std::move(figures));
}

awaitable<Result<Json>> requests(Crowd& crowd, const FleetOptions& options) {
  const auto before = Moment::now(options);
  if (!before) co_return before.error();
  const auto asked = co_await crowd.ask(options.atATime, options.asking);
  const auto after = Moment::now(options);
  if (!after) co_return after.error();
  if (asked.answered == 0)
    co_return Error{Code::timedOut, "no request was answered", "check that the relay runs, and look into its log"};
  const auto answered = static_cast<double>(asked.answered);
  Json figures{{"rate", answered / seconds(options.asking)},
               {"failed", asked.failed},
               {"cpu_a_call", cpuBetween(*before, *after, answered)}};
  co_return told(std::move(figures));
}

}  // namespace

awaitable<Result<Json>> measureFleet(Crowd& crowd, FleetOptions options, bool isBare) {
  Json out{{"robots", options.robots}, {"bare", isBare}};
  if (const auto started = co_await crowd.logInOwner(); !started) co_return started.error();
  const auto empty = Moment::now(options);
  if (!empty) co_return empty.error();

  auto first = co_await storm(crowd, options, options.spread);
  if (!first) co_return first.error();
  out["first"] = std::move(*first);
  if (!isBare && !co_await crowd.untilStated(patience))
    co_return Error{Code::timedOut, "not every robot was told what the owner has signed",
                    "enrol all of them, and let the owner sign: scripts/bench fleet does"};

  auto resting = co_await rest(crowd, options);
  if (!resting) co_return resting.error();
  out["rest"] = std::move(*resting);
  const auto full = Moment::now(options);
  if (!full) co_return full.error();
  out["memory_a_robot"] = memoryBetween(*empty, *full, static_cast<double>(options.robots));

  const auto changes = co_await crowd.change(options.changes);
  out["propagation"] = {{"p50", changes.taken.at(0.5)}, {"p99", changes.taken.at(0.99)}, {"lost", changes.lost}};
  auto asked = co_await requests(crowd, options);
  if (!asked) co_return asked.error();
  out["calls"] = std::move(*asked);

  out["storms"] = Json::array();
  for (std::size_t i = 0; i < 2 * options.rounds; ++i) {
    if (!co_await crowd.logOut(options.longest))
      co_return Error{Code::timedOut, "not all robots went offline", "look into the server's log"};
    auto next = co_await storm(crowd, options, i % 2 == 0 ? std::chrono::milliseconds(0) : options.spread);
    if (!next) co_return next.error();
    out["storms"].push_back(std::move(*next));
  }
  co_return told(std::move(out));
}

}  // namespace beckon::bench
