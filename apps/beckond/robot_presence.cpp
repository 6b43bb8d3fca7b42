#include "apps/beckond/robot.hpp"
#include "core/run/uuid.hpp"
#include "fleet/protocol.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/post.hpp>

#include <iostream>

// What the robot's presence says, to whom, and when.
namespace beckon::apps {

using run::Error;
using std::chrono::steady_clock;

std::set<xmpp::Jid> RobotSide::contacts() const {
  std::set<xmpp::Jid> out(settings_.others.begin(), settings_.others.end());
  for (const auto& account : authority_.current().accounts())
    if (const auto jid = xmpp::Jid::parse(account)) out.insert(*jid);
  return out;
}

run::Result<> RobotSide::announce(const run::Identity& identity) {
  xmpp::Client::Config config;
  config.identity = {"device", "robot", "", "Beckon"};
  config.features = gateway::CommandDoor::features();
  config.features.emplace(xmpp::rpc::ns);
  config.features.emplace(gateway::ChatDoor::ns);
  config.node = "urn:beckon:robot";
  config.software = "beckond";
  config.version = BECKON_VERSION;
  config.ownsRoster = true;
  config.contacts = contacts();
  const auto streams = [this] {
    if (member_) settings_.stream.password = member_->secret();
    return xmpp::makeClientStream(io_.get_executor(), settings_.stream, log_);
  };
  client_.emplace(io_.get_executor(), streams, config, log_);
  if (settings_.membership) {
    FleetMember::Events events{.stated = [this] { client_->setPayload(payload()); },
                               .moved = [this] { leaveSoon(); },
                               .proxyTo = [this](const std::string& host) { return proxyTo(host, settings_.file); }};
    member_ = std::make_shared<FleetMember>(io_.get_executor(), *client_, *settings_.membership, identity,
                                            std::move(events), log_);
    member_->open();
  }
  network_.emplace(
      io_.get_executor(), [this] { client_->networkChanged(); }, log_);
  identity_ = identity;
  login_ = run::makeUuid();
  if (const auto offered = offerOthers(); !offered) return offered;
  openDoors();
  listening_ = authority_.onChange([this] {
    client_->setContacts(contacts());
    mayHaveChanged();
  });
  turned_ = control_->onTurn([this] { mayHaveChanged(); });
  telling_ = {};
  tells_ = true;
  tell();
  client_->start({
      .online =
          [this](const xmpp::Jid& self) {
            std::cout << "announced " << self.text() << std::endl;
            if (member_) member_->online();
            if (others_) others_->events().online(self);
          },
      .offline =
          [this](const Error& why, std::chrono::milliseconds retryIn) {
            if (others_) others_->events().offline(why, retryIn);
            offline_ = why.cause;
            login_ = run::makeUuid();
            client_->setPayload(payload());
            if (member_) member_->offline(why);
            if (hasMoved_) leaving_.cancel();
            log_->warn("offline ({}): {}; {}; trying again in {} ms", run::codeText(why.code), why.cause, why.nextStep,
                       retryIn.count());
          },
      .presence =
          [this](const xmpp::Presence& presence) {
            if (others_) others_->events().presence(presence);
          },
      .message =
          [this](const xmpp::Element& message) {
            if (member_) member_->received(message);
            if (others_) others_->events().message(message);
            if (doors_) doors_->received(message);
          },
      .settled =
          [this](const xmpp::Jid& contact) {
            if (others_) others_->events().settled(contact);
          },
  });
  return {};
}

// Once: they stay what they are when the robot goes to another fleet.
run::Result<> RobotSide::offerOthers() {
  if (others_ || settings_.others.empty()) return {};
  auto known = settings_.membership ? fleet::KnownFleet::open(settings_.state) : fleet::KnownFleet();
  if (!known) return known.error();
  others_.emplace(io_, *client_, settings_.others, settings_.membership, std::move(*known), log_);
  return others_->offer(*bus_);
}

void RobotSide::openDoors() {
  const auto requests = std::make_shared<gateway::XmppRequests>(io_, authority_, log_);
  requests->offer(control_);
  requests->record(trail_);
  requests->use(bus_);
  doors_.emplace(requests, *client_);
}

void RobotSide::watchBattery() {
  if (!client_) return;
  battery_ = std::make_shared<Battery>(bus_, [this](const std::optional<Battery::Charge>& charge) {
    charge_ = charge;
    mayHaveChanged();
  });
  battery_->start();
}

fleet::Condition RobotSide::condition() const {
  fleet::Condition out;
  if (charge_) {
    out.battery = charge_->percent;
    out.isCharging = charge_->isCharging;
  }
  out.isBusy = control_->isTaken();
  out.policy = authority_.current().version();
  return out;
}

// With what was decided to be told: what nobody was to be told yet does not leave with something else.
std::vector<xmpp::Element> RobotSide::payload() const {
  auto robot = xmpp::Element(std::string(fleet::robotName), std::string(fleet::robotNs))
                   .set("id", identity_->id)
                   .set("key", run::fingerprint(identity_->key.publicKey()))
                   .set("login", login_);
  told_.writeTo(robot);
  auto out = told_.forPeople();
  out.push_back(std::move(robot));
  if (member_ && member_->statement()) out.push_back(fleet::statementElement(*member_->statement()));
  return out;
}

// Later: who says so may be in the middle of making it so.
void RobotSide::mayHaveChanged() {
  boost::asio::post(io_, [this] { tell(); });
}

void RobotSide::tell() {
  if (!tells_) return;
  telling_.is(condition());
  if (const auto due = telling_.due(steady_clock::now())) {
    told_ = *due;
    client_->setPayload(payload());
  }
  const auto next = telling_.next();
  if (!next) return void(tellAgain_.cancel());
  tellAgain_.expires_at(*next);
  tellAgain_.async_wait([this](boost::system::error_code canceled) {
    if (!canceled) tell();
  });
}

}  // namespace beckon::apps
