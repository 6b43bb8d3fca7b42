#include "apps/beckond/fleet_member.hpp"

#include "core/run/base64url.hpp"
#include "core/run/uuid.hpp"
#include "fleet/protocol.hpp"
#include "policy/token.hpp"

#include <utility>

namespace beckon::apps {
namespace {

// The first answer at a login may be lost: a server that is several computers knows of our session a moment later.
constexpr std::chrono::milliseconds deadline{15000}, firstDeadline{2000};

}  // namespace

FleetMember::FleetMember(boost::asio::any_io_executor executor, xmpp::Client& client, fleet::Membership membership,
                         run::Identity identity, Events events, run::Log log)
    : timer_(std::move(executor)),
      client_(client),
      membership_(std::move(membership)),
      identity_(std::move(identity)),
      events_(std::move(events)),
      log_(std::move(log)),
      run_(run::makeUuid()),
      triesNext_(!membership_.nextSecret.empty()) {}

void FleetMember::open() {
  client_.handle("set", fleet::transferName, fleet::ns,
                 [weak = weak_from_this()](const xmpp::IqRequest& request, const xmpp::IqReply& reply) {
                   if (const auto self = weak.lock()) self->ordered(request, reply);
                 });
  client_.handle("get", fleet::aliveName, fleet::ns,
                 [relay = membership_.relay](const xmpp::IqRequest& request, const xmpp::IqReply& reply) {
                   if (request.from.text() == relay)
                     reply.result();
                   else
                     reply.error(xmpp::serviceUnavailable);  // as from nobody
                 });
}

const std::string& FleetMember::secret() const { return triesNext_ ? membership_.nextSecret : membership_.secret; }

void FleetMember::received(const xmpp::Element& message) {
  const auto from = xmpp::Jid::parse(message.attribute("from"));
  if (from && from->text() == membership_.relay && message.child(fleet::changedName, fleet::ns)) refresh(firstDeadline);
}

void FleetMember::online() {
  if (!membership_.nextSecret.empty()) settleSecret(secret());  // one of them has let us in
  isAsked_.reset();
  timer_.cancel();
  refresh(firstDeadline);
  const auto now = policy::wallClock();
  if (policy::isSet(now) && now - membership_.secretMade > secretLifetime) changeSecret();
}

// A relay that asks has what it needs. Another one is told; one that has not answered is asked again.
void FleetMember::staySeen() {
  if (isAsked_.value_or(false)) return;
  if (isAsked_) {
    const auto sent = client_.send(fleet::headline(fleet::aliveName, membership_.relay));
    if (!sent) log_->debug("a heartbeat was not sent: {}", sent.error().cause);  // the next one may leave
  }
  timer_.expires_after(isAsked_ ? fleet::heartbeat : deadline);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code canceled) {
    const auto self = weak.lock();
    if (!self || canceled || !self->client_.online()) return;
    if (self->isAsked_)
      self->staySeen();
    else
      self->refresh(firstDeadline);
  });
}

// Of two that are possible the other one is tried next.
void FleetMember::offline(const run::Error& why) {
  if (why.code == run::Code::notAuthenticated && !membership_.nextSecret.empty()) triesNext_ = !triesNext_;
}

void FleetMember::save() {
  if (isMoving_) return;  // what is there may be of another fleet already
  if (const auto kept = membership_.update(); !kept)
    log_->error("the membership is not kept: {}; next: {}", kept.error().cause, kept.error().nextStep);
}

void FleetMember::settleSecret(const std::string& secret) {
  if (secret == membership_.nextSecret) {
    membership_.secret = secret;
    membership_.secretMade = policy::wallClock();
    log_->info("the password of {} was changed", membership_.account);
  }
  membership_.nextSecret.clear();
  triesNext_ = false;
  save();
}

// Kept before it is asked for: whatever is lost or killed on the way, one of the two lets us in.
void FleetMember::changeSecret() {
  const auto relay = xmpp::Jid::parse(membership_.relay);
  if (!relay) return;
  membership_.nextSecret = run::base64url(policy::randomSecret());
  if (const auto kept = membership_.update(); !kept) {
    membership_.nextSecret.clear();
    return log_->error("the password is not changed: {}; next: {}", kept.error().cause, kept.error().nextStep);
  }
  // A server may end our stream before the answer comes (Prosody does): then the new one is tried first.
  triesNext_ = true;
  client_.set(*relay, fleet::secretRequest(membership_.nextSecret), deadline,
              [weak = weak_from_this()](const run::Result<xmpp::Element>& answer) {
                const auto self = weak.lock();
                if (!self || self->membership_.nextSecret.empty()) return;
                if (answer) return self->settleSecret(self->membership_.nextSecret);
                const auto code = answer.error().code;
                if (code == run::Code::connectionLost || code == run::Code::timedOut) return;
                self->log_->warn("the relay does not change the password: {}", answer.error().cause);
                self->settleSecret(self->membership_.secret);
              });
}

void FleetMember::refresh(std::chrono::milliseconds patience) {
  const auto relay = xmpp::Jid::parse(membership_.relay);
  if (!relay) return;
  client_.get(*relay, fleet::robotRequest(run_, membership_.statement), patience,
              [weak = weak_from_this()](const run::Result<xmpp::Element>& answer) {
                const auto self = weak.lock();
                if (!self) return;
                if (answer)
                  self->learn(*answer);
                else
                  self->log_->warn("the relay does not tell what the owner has signed: {}", answer.error().cause);
                if (!answer && answer.error().code == run::Code::timedOut) return self->refresh(deadline);
                self->staySeen();
              });
}

void FleetMember::learn(const xmpp::Element& answer) {
  const auto* told = answer.child(fleet::membersName, fleet::ns);
  const auto members = told ? fleet::readMembers(*told)
                            : run::Result<fleet::MembersInfo>(run::Error{run::Code::protocolError, "no members", {}});
  if (!members) return log_->warn("the relay's answer cannot be read: {}", members.error().cause);
  isAsked_ = members->asksRobots;
  for (const auto& member : members->members) {
    if (member.account != membership_.account) continue;
    if (member.isCloned && !isCloned_)
      log_->error(
          "another computer logs in as {}, too: somebody has a copy of {}; next: the fleet's owner revokes it, or "
          "enrols this robot anew with a code for its name",
          membership_.account, membership_.folder.native());
    isCloned_ = member.isCloned;
    if (member.statement) show(*member.statement);
    return;
  }
}

void FleetMember::show(const fleet::Statement& statement) {
  if (membership_.statement && membership_.statement->signature == statement.signature) return;
  // What the owner has not signed would be refused by everybody who knows his key.
  const auto sound =
      statement.check(membership_.ownerKey, membership_.account, identity_.key.publicKey(), policy::wallClock());
  if (!sound)
    return log_->error("the relay shows a wrong statement: {}; next: {}", sound.error().cause, sound.error().nextStep);
  membership_.statement = statement;
  save();
  log_->info("the owner of fleet {} has signed this robot's key", membership_.fleet);
  events_.stated();
}

}  // namespace beckon::apps
