#include "apps/beckond/robot.hpp"

#include "core/run/machine_id.hpp"
#include "localbus/private_socket.hpp"
#include "localbus/tls_self_signed.hpp"
#include "xmpp/rpc.hpp"

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
      authority_(settings_.policy),
      door_(io, authority_, log_) {}

boost::asio::awaitable<Result<>> RobotSide::run() {
  const auto identity = run::loadIdentity(settings_.state);
  if (!identity) co_return identity.error();
  const auto machine = run::machineId();
  if (!machine) co_return machine.error();
  auto store = policy::Tokens::open(settings_.state / policy::Tokens::fileName);
  if (!store) co_return store.error();
  tokens_.emplace(io_.get_executor(), std::move(*store), log_);
  auto bus = settings_.bus;
  if (!settings_.isAttached) {
    auto ids = directory::keptIds(settings_.state / "service-ids", log_);
    directory_.emplace(io_, *machine, log_, localbus::Authenticator(), qi::ownCapabilities(), std::move(ids));
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
  machineId_ = *machine;
  busFromHere_ = bus;
  if (settings_.hasAccount) announce(*identity);
  tokens_->start();
  if (!settings_.policyFile.empty()) policyFile_.emplace(io_, settings_.policyFile, authority_, log_).start();
  if (settings_.token) useToken();
  const auto session = onBus({});
  if (settings_.lan)
    if (const auto opened = openLan(session); !opened) co_return opened.error();
  session->onOpened([this, url = settings_.bus.url()] {
    std::cout << "ready " << url << std::endl;
    if (lan_) lan_->busIsThere();
  });
  door_.use(session);
  co_await stopped_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  policyFile_.reset();
  listening_.reset();
  if (lan_) lan_->stop();
  tokensEnd_.reset();
  session->close();
  if (client_) client_->stop();
  door_.close();
  if (directory_) directory_->stop();
  tokens_->stop();
  co_return Result<>();
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

Result<> RobotSide::openLan(const std::shared_ptr<directory::Session>& session) {
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
  options.ids = directory::keptIds(settings_.state / "lan-ids", log_);
  lan_.emplace(io_, authority_, session, std::move(options), log_);
  tokensEnd_ = tokens_->onEnded(
      [this](const policy::LiveTokens::Ended& ended) { lan_->revoked(ended.id, std::string(ended.reason)); });
  const auto listening = lan_->start(wanted.listen, *tls);
  if (!listening) return listening.error();
  std::cout << "lan " << listening->url() << " SHA256:" << tls->ownKey() << std::endl;
  return {};
}

std::set<xmpp::Jid> RobotSide::contacts() const {
  std::set<xmpp::Jid> out;
  for (const auto& account : authority_.current().accounts())
    if (const auto jid = xmpp::Jid::parse(account)) out.insert(*jid);
  return out;
}

void RobotSide::useToken() {
  if (!settings_.bus.isTls() && !settings_.bus.isLoopback())
    log_->warn("the token goes to {} unencrypted: whoever listens on that network can use it", settings_.bus.url());
  settings_.token->onProblem(
      [log = log_](const Error& error) { log->error("{}; next: {}", error.cause, error.nextStep); });
}

void RobotSide::announce(const run::Identity& identity) {
  xmpp::Client::Config config;
  config.identity = {"device", "robot", "", "Beckon"};
  config.features = {std::string(xmpp::rpc::ns)};
  config.node = "urn:beckon:robot";
  config.software = "beckond";
  config.version = BECKON_VERSION;
  config.ownsRoster = true;
  config.contacts = contacts();
  config.payload = {
      xmpp::Element("robot", "urn:beckon:robot:0").set("id", identity.id).set("key", identity.fingerprint)};

  const auto streams = [this] { return xmpp::makeStropheStream(io_.get_executor(), settings_.stream, log_); };
  client_.emplace(io_.get_executor(), streams, config, log_);
  door_.open(*client_);
  listening_ = authority_.onChange([this] { client_->setContacts(contacts()); });
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

void RobotSide::stop() { stopped_.expires_at(steady_clock::time_point::min()); }

}  // namespace beckon::apps
