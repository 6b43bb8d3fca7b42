#include "apps/beckond/robot.hpp"

#include "core/run/machine_id.hpp"
#include "localbus/private_socket.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <iostream>

namespace beckon::apps {

using run::Error;
using run::Result;
using std::chrono::steady_clock;

namespace {

// Between attempts to reach a directory that is not there.
constexpr std::chrono::milliseconds firstWait{200};
constexpr std::chrono::milliseconds longestWait{5000};

}  // namespace

RobotSide::RobotSide(boost::asio::io_context& io, Settings settings, run::Log log)
    : io_(io), settings_(std::move(settings)), log_(std::move(log)), woken_(io), door_(io, settings_.policy, log_) {}

boost::asio::awaitable<Result<>> RobotSide::run() {
  const auto identity = run::loadIdentity(settings_.state);
  if (!identity) co_return identity.error();
  const auto machine = run::machineId();
  if (!machine) co_return machine.error();
  auto bus = settings_.bus;
  if (!settings_.isAttached) {
    directory_.emplace(io_, *machine, log_);
    const auto listening = directory_->start(bus, settings_.tls);
    if (!listening) co_return listening.error();
    settings_.bus = bus = *listening;
    // Our own session would have to show and verify certificates that are made for others.
    if (bus.isTls()) {
      const auto socket = localbus::newPrivateSocket();
      const auto ours = socket ? directory_->start(*socket) : socket;
      if (!ours) co_return ours.error();
      bus = *ours;
    }
  }
  announce(*identity);
  co_await keepSession(bus, *machine);
  client_->stop();
  door_.close();
  if (directory_) directory_->stop();
  co_return Result<>();
}

boost::asio::awaitable<void> RobotSide::keepSession(localbus::Endpoint bus, std::string machineId) {
  auto wait = firstWait;
  while (!isStopping_) {
    directory::Session::Options options;
    options.machineId = machineId;
    if (settings_.isAttached) options.tls = settings_.tls;
    const auto session = co_await directory::Session::connect(io_, bus, options, log_);
    if (!session) {
      log_->warn("the bus at {} is not there ({}); trying again in {} ms", bus.url(), session.error().cause,
                 wait.count());
      co_await pause(wait);
      wait = std::min(wait * 2, longestWait);
      continue;
    }
    wait = firstWait;
    (*session)->onClosed([this](const Error& why) {
      log_->warn("the bus is gone: {}", why.cause);
      woken_.cancel();
    });
    door_.use(*session);
    std::cout << "ready " << settings_.bus.url() << std::endl;
    while (!isStopping_ && (*session)->isOpen()) co_await pause(steady_clock::duration::max());
    door_.use(nullptr);
    (*session)->onClosed({});
    (*session)->close();
  }
}

boost::asio::awaitable<void> RobotSide::pause(steady_clock::duration time) {
  if (isStopping_) co_return;
  if (time == steady_clock::duration::max())
    woken_.expires_at(steady_clock::time_point::max());
  else
    woken_.expires_after(time);
  co_await woken_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

void RobotSide::announce(const run::Identity& identity) {
  xmpp::Client::Config config;
  config.identity = {"device", "robot", "", "Beckon"};
  config.features = {std::string(xmpp::rpc::ns)};
  config.node = "urn:beckon:robot";
  config.software = "beckond";
  config.version = BECKON_VERSION;
  config.ownsRoster = true;
  for (const auto& principal : settings_.policy.principals)
    if (const auto jid = xmpp::Jid::parse(principal)) config.contacts.insert(*jid);
  config.payload = {
      xmpp::Element("robot", "urn:beckon:robot:0").set("id", identity.id).set("key", identity.fingerprint)};

  const auto streams = [this] { return xmpp::makeStropheStream(io_.get_executor(), settings_.stream, log_); };
  client_.emplace(io_.get_executor(), streams, config, log_);
  door_.open(*client_);
  client_->start({
      .online = [](const xmpp::Jid& self) { std::cout << "announced " << self.text() << std::endl; },
      .offline =
          [this](const Error& why, std::chrono::milliseconds retryIn) {
            log_->warn("offline ({}): {}; {}; trying again in {} ms", run::codeText(why.code), why.cause, why.nextStep,
                       retryIn.count());
          },
      .presence = {},
      .message = {},
  });
}

void RobotSide::stop() {
  isStopping_ = true;
  woken_.cancel();
}

}  // namespace beckon::apps
