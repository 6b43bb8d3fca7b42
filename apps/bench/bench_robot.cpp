#include "apps/bench/bench_robot.hpp"

#include "core/run/uuid.hpp"
#include "fleet/condition.hpp"
#include "fleet/protocol.hpp"
#include "xmpp/rpc.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace beckon::bench {
namespace {

constexpr std::chrono::milliseconds deadline{15000};  // as beckond's

}  // namespace

std::string BenchRobot::nameOf(std::size_t number) {
  char out[32];
  std::snprintf(out, sizeof out, "robot-%05zu", number);
  return out;
}

run::PublicKey BenchRobot::keyOf(const std::string& name) {
  run::PublicKey out{};
  std::copy_n(name.begin(), std::min(name.size(), out.size()), out.begin());
  return out;
}

BenchRobot::BenchRobot(boost::asio::any_io_executor executor, const RobotSettings& settings, const std::string& name,
                       Events events, run::Log log)
    : executor_(std::move(executor)),
      settings_(settings),
      name_(name),
      account_(*xmpp::Jid::parse(name + "@" + settings.owner.domain())),
      events_(std::move(events)),
      log_(std::move(log)),
      run_(run::makeUuid()) {
  if (const auto kept = settings_.statements.find(name_); kept != settings_.statements.end()) statement_ = kept->second;
}

void BenchRobot::logIn() {
  xmpp::Client::Config config;
  config.identity = {"device", "robot", "", "Beckon"};
  config.features = {std::string(xmpp::rpc::ns)};
  config.node = "urn:beckon:robot";
  config.software = "beckon bench";
  config.ownsRoster = true;
  config.contacts = {settings_.owner};
  login_ = run::makeUuid();
  isTold_ = false;
  config.payload = payload();
  const auto streams = [this] {
    auto stream = settings_.stream;
    stream.account = account_;
    return xmpp::makeClientStream(executor_, std::move(stream), log_);
  };
  client_ = std::make_unique<xmpp::Client>(executor_, streams, std::move(config), log_);
  client_->handle("get", fleet::aliveName, fleet::ns,
                  [](const xmpp::IqRequest&, const xmpp::IqReply& reply) { reply.result(); });
  client_->start({.online = [this](const xmpp::Jid&) { cameOnline(); },
                  .offline = [this](const run::Error&, std::chrono::milliseconds) { events_.failed(); },
                  .presence = [](const xmpp::Presence&) {},
                  .message =
                      [this](const xmpp::Element& message) {
                        if (message.child(fleet::changedName, fleet::ns)) refresh();
                      }});
}

void BenchRobot::logOut() { client_.reset(); }

void BenchRobot::cameOnline() {
  events_.online();
  if (settings_.relay) refresh();
}

// As often as the deadline lets it.
void BenchRobot::refresh() {
  ask([this](bool isAnswered) {
    if (!isAnswered && !isTold_ && online()) refresh();
  });
}

void BenchRobot::ask(Answered answered) {
  if (!client_) return answered(false);
  if (!settings_.relay) {
    client_->get({}, xmpp::Element("ping", std::string(xmpp::ns::ping)), deadline,
                 [answered = std::move(answered)](const run::Result<xmpp::Element>& answer) { answered(!!answer); });
    return;
  }
  client_->get(*settings_.relay, fleet::robotRequest(run_, statement_), deadline,
               [this, answered = std::move(answered)](const run::Result<xmpp::Element>& answer) {
                 if (answer) learn(*answer);
                 answered(!!answer);
               });
}

void BenchRobot::learn(const xmpp::Element& answer) {
  const auto* told = answer.child(fleet::membersName, fleet::ns);
  const auto members = told ? fleet::readMembers(*told)
                            : run::Result<fleet::MembersInfo>(run::Error{run::Code::protocolError, "no members", {}});
  if (!members) return log_->warn("the relay's answer cannot be read: {}", members.error().cause);
  isTold_ = true;
  for (const auto& member : members->members) {
    if (member.account != account_.text() || !member.statement || statement_ == member.statement) continue;
    statement_ = member.statement;
    client_->setPayload(payload());
  }
}

void BenchRobot::change() {
  battery_ = battery_ == 80 ? 70 : 80;
  if (client_) client_->setPayload(payload());
}

// Of a bare client the status alone: its presence can change then, too.
std::vector<xmpp::Element> BenchRobot::payload() const {
  fleet::Condition condition;
  condition.battery = battery_;
  condition.isCharging = false;
  condition.isBusy = false;
  condition.policy = "5d41402abc4b";
  auto out = condition.forPeople();
  if (!settings_.relay) return out;
  auto robot = xmpp::Element(std::string(fleet::robotName), std::string(fleet::robotNs))
                   .set("id", name_)
                   .set("key", run::fingerprint(keyOf(name_)))
                   .set("login", login_);
  condition.writeTo(robot);
  out.push_back(std::move(robot));
  if (statement_) out.push_back(fleet::statementElement(*statement_));
  return out;
}

}  // namespace beckon::bench
