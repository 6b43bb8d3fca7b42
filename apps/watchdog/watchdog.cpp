#include "apps/watchdog/watchdog.hpp"

#include "apps/beckond/settings.hpp"
#include "core/run/machine_id.hpp"

#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

namespace beckon::watchdog {

using nlohmann::json;
using std::chrono::steady_clock;

namespace {

Stops::Actions actionsOf(const json& texts) {
  Stops::Actions out;
  for (const auto& text : texts)
    if (const auto action = policy::Lease::Stop::parse(text.get<std::string>())) out.push_back(*action);
  return out;
}

}  // namespace

Watchdog::Watchdog(boost::asio::io_context& io, int socket, run::Log log)
    : io_(io), log_(std::move(log)), due_(io.get_executor()), look_(io.get_executor()), life_(io.get_executor()) {
  channel_ = LineChannel::open(io, socket, {[this](const json& line) { received(line); }, [this] { leave(); }});
}

void Watchdog::leave() {
  isAlone_ = true;
  for (const auto& lease : vigil_.endAll()) {
    stop(lease, actions_[lease], std::nullopt);
    log_->warn("beckond is gone while somebody has the control lease \"{}\"", lease);
  }
  endIfDone();
}

void Watchdog::endIfDone() {
  if (!isAlone_ || !vigil_.isIdle() || !underWay_.isEmpty() || std::exchange(isOver_, true)) return;
  for (auto* timer : {&due_, &look_, &life_}) timer->cancel();
  channel_->close();
  if (session_) session_->close();
}

// What beckond says is what it has been built to say: a key that is missing is a fault of Beckon's.
void Watchdog::received(const json& line) {
  if (line.contains("bus")) return begin(line);
  if (!stops_) return;
  if (line.contains("leases")) return define(line.at("leases"), line.at("number").get<std::uint64_t>());
  if (line.contains("held")) {
    vigil_.held(line.at("held").get<std::string>(), steady_clock::now());
    return watch();
  }
  if (line.contains("stop"))
    stop(line.at("stop").get<std::string>(), actionsOf(line.at("actions")), line.at("number").get<std::uint64_t>());
}

void Watchdog::begin(const json& line) {
  const auto endpoint = localbus::Endpoint::parse(line.at("bus").get<std::string>());
  const auto machine = run::machineId();
  if (!endpoint || !machine) return leave();
  directory::Session::Options options;
  options.machineId = *machine;
  const bool isAttached = line.contains("config");
  if (isAttached) {
    const auto settings = apps::readSettings(line.at("config").get<std::string>());
    if (!settings) {
      log_->error("{}; {}", settings.error().cause, settings.error().nextStep);
      return leave();
    }
    options.tls = settings->tls;
    if (settings->token) {
      options.credentials = settings->token->credentials();
      options.moreCredentials = apps::BusToken::renewal(settings->token);
    }
  }
  session_ = directory::Session::keep(io_, *endpoint, std::move(options), log_);
  stops_ = std::make_shared<Stops>(session_, !isAttached, log_);
  turn_.use(line.at("turn").get<std::string>());
  say();
  lookAround();
}

void Watchdog::define(const json& leases, std::uint64_t number) {
  definition_ = number;
  std::map<std::string, std::chrono::milliseconds> lapses;
  Stops::Actions wanted;
  actions_.clear();
  for (const auto& lease : leases) {
    const auto name = lease.at("name").get<std::string>();
    lapses[name] = std::chrono::milliseconds(lease.at("lapse").get<std::int64_t>());
    const auto actions = actionsOf(lease.at("actions"));
    wanted.insert(wanted.end(), actions.begin(), actions.end());
    actions_[name] = actions;
  }
  vigil_.define(std::move(lapses));
  stops_->want(std::move(wanted));
  watch();
}

void Watchdog::watch() {
  const auto next = vigil_.next();
  if (!next) return void(due_.cancel());
  due_.expires_at(*next);
  due_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled) return;
    for (const auto& lease : vigil_.expire(steady_clock::now())) {
      stop(lease, actions_[lease], std::nullopt);
      channel_->send({{"lapsed", lease}});
      log_->warn("the control lease \"{}\" lapsed: no heartbeat came", lease);
    }
    watch();
  });
}

void Watchdog::stop(const std::string& lease, const Stops::Actions& actions, std::optional<std::uint64_t> number) {
  vigil_.end(lease);
  watch();
  // By the clock and by beckond it is done twice: what beckond let pass a moment before comes by another connection,
  // and may have come after the first.
  underWay_.begin(lease);
  boost::asio::co_spawn(io_, stops_->carryOut(actions),
                        [this, lease, number](std::exception_ptr broken, const std::optional<std::string>& problem) {
                          if (broken) std::rethrow_exception(broken);
                          for (const auto& done : underWay_.end(lease, number, problem)) {
                            json line{{"stopped", lease}, {"number", done.number}};
                            if (done.problem) line["problem"] = *done.problem;
                            channel_->send(line);
                          }
                          endIfDone();
                        });
}

void Watchdog::lookAround() {
  const auto definition = definition_;
  boost::asio::co_spawn(io_, stops_->look(),
                        [this, definition](std::exception_ptr broken, const std::optional<std::string>& why) {
                          if (broken) std::rethrow_exception(broken);
                          if (isOver_) return;
                          know(definition, why);
                          look_.expires_after(period);
                          look_.async_wait([this](boost::system::error_code cancelled) {
                            if (!cancelled && !isOver_) lookAround();
                          });
                        });
}

void Watchdog::know(std::uint64_t definition, std::optional<std::string> why) {
  if (auto notOurs = turn_.take()) why = std::move(notOurs);
  const bool isNew = definition != known_ || why != whyNot_;
  known_ = definition;
  whyNot_ = std::move(why);
  if (isNew) say();
}

// A sign of life, whatever hangs that is looked at.
void Watchdog::say() {
  json line{{"ready", !whyNot_}, {"number", known_}};
  if (whyNot_) line["why"] = *whyNot_;
  channel_->send(line);
  life_.expires_after(period);
  life_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled && !isOver_) say();
  });
}

}  // namespace beckon::watchdog
