#include "apps/beckond/robot.hpp"

#include "core/run/machine_id.hpp"
#include "localbus/private_socket.hpp"
#include "localbus/tls_self_signed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace beckon::apps {

using run::Error;
using run::Result;
using std::chrono::steady_clock;

RobotSide::RobotSide(boost::asio::io_context& io, Settings settings, run::Log log)
    : io_(io),
      settings_(std::move(settings)),
      log_(std::move(log)),
      stopped_(io, steady_clock::time_point::max()),
      tellAgain_(io),
      leaving_(io),
      authority_(settings_.policy),
      control_(std::make_shared<gateway::Control>(io, authority_, log_)) {}

boost::asio::awaitable<Result<>> RobotSide::run() {
  const auto opened = open();
  if (opened) co_await stopped_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  close();
  co_return opened;
}

Result<> RobotSide::open() {
  const auto identity = run::loadIdentity(settings_.state);
  if (!identity) return identity.error();
  const auto machine = run::machineId();
  if (!machine) return machine.error();
  machineId_ = *machine;
  auto store = policy::Tokens::open(settings_.state / policy::Tokens::fileName);
  if (!store) return store.error();
  tokens_.emplace(io_.get_executor(), std::move(*store), log_);
  if (const auto recording = openRecord(); !recording) return recording.error();
  busFromHere_ = settings_.bus;
  if (!settings_.isAttached)
    if (const auto held = holdBus(); !held) return held.error();
  tokens_->start();
  if (!settings_.policyFile.empty()) policyFile_.emplace(io_, settings_.policyFile, authority_, log_).start();
  if (settings_.token) useToken();
  watchdog_.emplace(io_, busFromHere_.url(), settings_.isAttached ? settings_.file : std::filesystem::path(),
                    settings_.state / "watchdog", *control_, log_);
  control_->start();
  control_->use(&*watchdog_);
  bus_ = onBus({});
  if (settings_.lan)
    if (const auto open = openLan(); !open) return open.error();
  bus_->onOpened([this, url = settings_.bus.url()] {
    std::cout << "ready " << url << std::endl;
    if (lan_) lan_->busIsThere();
  });
  if (settings_.hasAccount)
    if (const auto announcing = announce(*identity); !announcing) return announcing.error();
  watchBattery();
  return settings_.status ? openStatus() : Result<>();
}

Result<> RobotSide::holdBus() {
  auto ids = directory::keptIds(settings_.state / "service-ids", log_);
  directory_.emplace(io_, machineId_, log_, localbus::Authenticator(), qi::ownCapabilities(), std::move(ids));
  const auto listening = directory_->start(settings_.bus, settings_.tls);
  if (!listening) return listening.error();
  settings_.bus = busFromHere_ = *listening;
  if (!listening->isTls()) return {};
  // Our own session would have to show and verify certificates that are made for others.
  const auto socket = localbus::newPrivateSocket();
  const auto ours = socket ? directory_->start(*socket) : socket;
  if (!ours) return ours.error();
  busFromHere_ = *ours;
  return {};
}

// Whatever is open, after a start that failed half way too: what stays keeps the program running.
void RobotSide::close() {
  control_->stop();
  status_.reset();
  policyFile_.reset();
  listening_.reset();
  lanAnnouncement_.reset();
  if (lan_) lan_->stop();
  tokensEnd_.reset();
  tells_ = false;
  turned_.reset();
  if (battery_) battery_->stop();
  tellAgain_.cancel();
  leaving_.cancel();
  if (bus_) bus_->close();
  if (others_) others_->close();
  network_.reset();
  if (client_) client_->stop();
  member_.reset();
  if (doors_) doors_->close();
  watchdog_.reset();
  if (directory_) directory_->stop();
  if (tokens_) tokens_->stop();
  policyRecorded_.reset();
  leasesRecorded_.reset();
  if (trail_) trail_->close();
}

std::shared_ptr<directory::Session> RobotSide::onBus(const qi::CapabilityMap& capabilities) const {
  directory::Session::Options options;
  options.machineId = machineId_;
  if (settings_.isAttached) options.tls = settings_.tls;
  if (settings_.token) {
    options.credentials = settings_.token->credentials();
    options.moreCredentials = BusToken::renewal(settings_.token);
  }
  for (const auto& [key, value] : capabilities) options.capabilities.insert_or_assign(key, value);
  return directory::Session::keep(io_, busFromHere_, options, log_);
}

Result<> RobotSide::openLan() {
  const auto& wanted = *settings_.lan;
  if (wanted.isSelfSigned)
    if (const auto made = localbus::makeSelfSigned(wanted.own); !made) return made.error();
  const auto tls = localbus::TlsContext::server({.own = wanted.own, .asksForKeys = true});
  if (!tls) return tls.error();
  const auto knowsKey = [this](const std::string& principal) {
    return !authority_.view({principal, {}, policy::Door::lan})->isEmpty();
  };
  admission_.emplace(*tokens_, knowsKey, log_);
  gateway::LanDoor::Options options;
  options.machineId = machineId_;
  options.admit = [this](const policy::Credentials& shown) { return admission_->admit(shown); };
  options.bus = [this](const qi::CapabilityMap& capabilities) { return onBus(capabilities); };
  options.trail = trail_;
  options.ids = directory::keptIds(settings_.state / "lan-ids", log_);
  options.control = control_;
  lan_.emplace(io_, authority_, bus_, std::move(options), log_);
  tokensEnd_ = tokens_->onEnded([this](const policy::LiveTokens::Ended& ended) {
    trail_->add({.what = policy::audit::What::token, .who = "token:" + ended.name, .note = ended.reason});
    lan_->revoked(ended.id, std::string(ended.reason));
  });
  const auto listening = lan_->start(wanted.listen, *tls);
  if (!listening) return listening.error();
  std::cout << "lan " << listening->url() << " SHA256:" << tls->ownKey() << std::endl;
  if (wanted.announces && !listening->isLoopback()) announceLan(*listening, "SHA256:" + tls->ownKey());
  return {};
}

// The door is of use without it.
void RobotSide::announceLan(const localbus::Endpoint& listening, const std::string& key) {
  boost::system::error_code noAddress;
  const bool isAny = boost::asio::ip::make_address(listening.host, noAddress).is_unspecified();
  lanAnnouncement_.emplace(
      io_.get_executor(),
      dnssd::Announcement::Robot{
          settings_.lan->name, {machineId_, key}, listening.port, isAny ? std::string() : listening.host},
      [](const std::string& name) { std::cout << "announced " << name << ".local" << std::endl; }, log_);
  if (const auto started = lanAnnouncement_->start(); !started)
    log_->warn("the robot is not announced in the network: {}; next: {}", started.error().cause,
               started.error().nextStep);
}

Result<> RobotSide::openRecord() {
  auto opened = policy::audit::Trail::open(io_.get_executor(), settings_.audit, log_);
  if (!opened) return opened.error();
  trail_ = std::move(*opened);
  trail_->add({.what = policy::audit::What::start, .note = "beckond " BECKON_VERSION});
  recordPolicy();
  policyRecorded_ = authority_.onChange([this] { recordPolicy(); });
  leasesRecorded_ = control_->onLost([this](const policy::Lease& lease, const policy::Leases::Owner& who) {
    trail_->add({.what = policy::audit::What::lease,
                 .who = who.caller.principal,
                 .session = who.session,
                 .service = lease.name,
                 .note = "ended"});
  });
  return {};
}

void RobotSide::recordPolicy() const {
  trail_->add({.what = policy::audit::What::policy,
               .policy = authority_.current().version(),
               .note = settings_.policyFile.native()});
}

void RobotSide::useToken() {
  if (!settings_.bus.isTls() && !settings_.bus.isLoopback())
    log_->warn("the token goes to {} unencrypted: whoever listens on that network can use it", settings_.bus.url());
  settings_.token->onProblem(
      [log = log_](const Error& error) { log->error("{}; next: {}", error.cause, error.nextStep); });
}

void RobotSide::stop() { stopped_.expires_at(steady_clock::time_point::min()); }

}  // namespace beckon::apps
