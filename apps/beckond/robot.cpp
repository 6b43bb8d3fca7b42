#include "apps/beckond/robot.hpp"

#include "core/run/identity.hpp"
#include "core/run/machine_id.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace beckon::apps {

using run::Error;
using run::Result;

RobotSide::RobotSide(boost::asio::io_context& io, Settings settings, run::Log log)
    : io_(io),
      settings_(std::move(settings)),
      log_(std::move(log)),
      stopped_(io, std::chrono::steady_clock::time_point::max()) {}

boost::asio::awaitable<Result<>> RobotSide::run() {
  const auto identity = run::loadIdentity(settings_.state);
  if (!identity) co_return identity.error();
  const auto machine = run::machineId();
  if (!machine) co_return machine.error();

  directory_.emplace(io_, *machine, log_);
  const auto listening = directory_->start(settings_.bus);
  if (!listening) co_return listening.error();
  std::cout << "ready " << listening->url() << std::endl;

  directory::Session::Options options;
  options.machineId = *machine;
  auto session = co_await directory::Session::connect(io_, *listening, options, log_);
  if (!session) {
    directory_->stop();
    co_return session.error();
  }
  session_ = *session;
  std::optional<Error> lost;
  session_->onClosed([&](const Error& why) {
    lost = why;
    stop();
  });
  door_.emplace(io_, session_, settings_.policy, log_);
  announce(identity->id, identity->fingerprint);

  co_await stopped_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  client_->stop();
  session_->onClosed({});
  session_->close();
  directory_->stop();
  if (lost) co_return *lost;
  co_return Result<>();
}

void RobotSide::announce(const std::string& id, const std::string& fingerprint) {
  xmpp::Client::Config config;
  config.identity = {"device", "robot", "", "Beckon"};
  config.features = {std::string(xmpp::rpc::ns)};
  config.node = "urn:beckon:robot";
  config.software = "beckond";
  config.version = BECKON_VERSION;
  for (const auto& principal : settings_.policy.principals)
    if (const auto jid = xmpp::Jid::parse(principal)) config.contacts.insert(*jid);
  config.payload = {xmpp::Element("robot", "urn:beckon:robot:0").set("id", id).set("key", fingerprint)};

  const auto streams = [this] { return xmpp::makeStropheStream(io_.get_executor(), settings_.stream, log_); };
  client_.emplace(io_.get_executor(), streams, config, log_);
  door_->open(*client_);
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

// Also ends a wait that has not begun yet.
void RobotSide::stop() { stopped_.expires_at(std::chrono::steady_clock::time_point::min()); }

}  // namespace beckon::apps
