#include "apps/beckond/fleet_member.hpp"

#include "fleet/protocol.hpp"

#include <utility>

namespace beckon::apps {
namespace {

constexpr std::chrono::milliseconds deadline{15000};

}  // namespace

FleetMember::FleetMember(xmpp::Client& client, fleet::Membership membership, run::Identity identity,
                         std::vector<xmpp::Element> payload, run::Log log)
    : client_(client),
      membership_(std::move(membership)),
      identity_(std::move(identity)),
      payload_(std::move(payload)),
      log_(std::move(log)) {}

std::vector<xmpp::Element> FleetMember::payload() const {
  auto out = payload_;
  if (membership_.statement) out.push_back(fleet::statementElement(*membership_.statement));
  return out;
}

void FleetMember::received(const xmpp::Element& message) {
  const auto from = xmpp::Jid::parse(message.attribute("from"));
  if (from && from->text() == membership_.relay && message.child(fleet::changedName, fleet::ns)) refresh();
}

void FleetMember::refresh() {
  const auto relay = xmpp::Jid::parse(membership_.relay);
  if (!relay) return;
  client_.get(*relay, fleet::membersRequest(), deadline,
              [weak = weak_from_this()](const run::Result<xmpp::Element>& answer) {
                const auto self = weak.lock();
                if (!self) return;
                if (answer)
                  self->learn(*answer);
                else
                  self->log_->warn("the relay does not tell what the owner has signed: {}", answer.error().cause);
              });
}

void FleetMember::learn(const xmpp::Element& answer) {
  const auto* told = answer.child(fleet::membersName, fleet::ns);
  const auto members = told ? fleet::readMembers(*told)
                            : run::Result<fleet::MembersInfo>(run::Error{run::Code::protocolError, "no members", {}});
  if (!members) return log_->warn("the relay's answer cannot be read: {}", members.error().cause);
  for (const auto& member : members->members) {
    if (member.account != membership_.account || !member.statement) continue;
    const auto& statement = *member.statement;
    if (membership_.statement && membership_.statement->signature == statement.signature) return;
    // What the owner has not signed would be refused by everybody who knows his key.
    const auto sound =
        statement.check(membership_.ownerKey, membership_.account, identity_.key.publicKey(), policy::wallClock());
    if (!sound)
      return log_->error("the relay shows a wrong statement: {}; next: {}", sound.error().cause,
                         sound.error().nextStep);
    membership_.statement = statement;
    if (const auto kept = membership_.save(); !kept)
      log_->warn("the owner's statement is not kept: {}; next: {}", kept.error().cause, kept.error().nextStep);
    log_->info("the owner of fleet {} has signed this robot's key", membership_.fleet);
    client_.setPayload(payload());
    return;
  }
}

}  // namespace beckon::apps
