#include "cloud-relay/fleet_door.hpp"

#include "core/run/base64url.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <utility>

namespace beckon::relay {

using run::Code;
using run::Error;
using run::Result;
using xmpp::IqReply;
using xmpp::IqRequest;

namespace {

constexpr std::size_t longestRun = 36;  // a UUID
// So long the owner is told of who was revoked: a list fits into one stanza.
constexpr std::chrono::days longestRevoked{30};

const Error notOwner{Code::refused, "only the owner of a fleet may do that", "ask its owner"};

// Whom a member may know: a robot itself and the owner, others everybody.
bool mayKnow(const Member& asker, const Member& other) {
  return asker.kind != Kind::robot || other.account == asker.account || other.kind == Kind::owner;
}

// Whether it is there: a robot that has logged in.
bool isAsked(const Member& member) { return member.kind == Kind::robot && member.confirmed && !member.revoked; }

fleet::MemberInfo infoOf(const Member& member, bool forOwner) {
  fleet::MemberInfo out;
  out.account = member.account;
  out.kind = member.kind;
  out.key = member.key;
  out.id = member.machine;
  out.enrolled = member.enrolled;
  out.isConfirmed = member.confirmed.has_value();
  out.revoked = member.revoked;
  out.statement = member.statement;
  if (forOwner && !member.statement) {
    out.codeHash = member.codeHash;
    out.proof = member.proof;
  }
  return out;
}

}  // namespace

FleetDoor::FleetDoor(boost::asio::any_io_executor executor, xmpp::Component& component, FleetStore& store,
                     Registrar& registrar, fleet::Code::Place place, run::Log log)
    : executor_(std::move(executor)),
      component_(component),
      store_(store),
      registrar_(registrar),
      askers_(store, registrar),
      place_(std::move(place)),
      rollCall_(executor_, component),
      log_(std::move(log)) {}

void FleetDoor::open() {
  offer("get", fleet::membersName, &FleetDoor::tellMembers);
  offer("set", fleet::codeName, &FleetDoor::takeCode);
  offer("set", fleet::statementName, &FleetDoor::takeStatement);
  offer("set", fleet::revokeName, &FleetDoor::revoke);
  offer("set", fleet::secretName, &FleetDoor::changeSecret);
  registrar_.onChange([this](const Member& member) { changed(member); });
}

void FleetDoor::online() { rollCall_.online(); }

void FleetDoor::received(const xmpp::Element& message) {
  if (!message.child(fleet::aliveName, fleet::ns)) return;
  const auto from = xmpp::Jid::parse(message.attribute("from"));
  if (!from) return;
  const auto account = from->bare().text();
  // Only members are remembered: a stranger may write as often as he likes.
  if (!rollCall_.knows(account)) {
    auto member = store_.member(account);
    if (!member || !*member || !askers_.confirm(**member)) return;
  }
  rollCall_.heard(*from);
}

void FleetDoor::offer(std::string_view type, std::string_view name, Action action) {
  component_.handle(type, name, fleet::ns, [this, action](const IqRequest& request, const IqReply& reply) {
    if (const auto asker = askers_.find(request, reply)) (this->*action)(*asker, request, reply);
  });
}

void FleetDoor::tellMembers(const Member& asker, const IqRequest& request, const IqReply& reply) {
  const auto run = request.payload.attribute("run");
  if (run.size() > longestRun)
    return reply.error(Error{Code::tooLarge, "the name of a run is a UUID", "send 36 characters"});
  const bool isFoundOut =
      !run.empty() && clones_.came(asker.account, std::string(run), std::chrono::steady_clock::now());
  if (asker.kind == Kind::robot) {
    rollCall_.heard(request.from);
    tellRobot(asker, fleet::knownSignature(request.payload), reply);
  } else {
    boost::asio::co_spawn(executor_, tellOnceAsked(asker, std::string(request.payload.attribute("after")), reply),
                          boost::asio::detached);
  }
  if (!isFoundOut) return;
  log_->warn("two computers log in as {} of fleet {}, in turn", asker.account, asker.fleet);
  changed(asker);
}

// That does not cost more the larger its fleet is: all of them ask when their server comes back.
void FleetDoor::tellRobot(const Member& asker, const std::optional<run::Signature>& known, const IqReply& reply) {
  std::vector<Member> told{asker};
  if (known) {
    if (asker.statement && asker.statement->signature == *known) told.front().statement.reset();
  } else {
    const auto owner = store_.owner(asker.fleet);
    if (!owner) return reply.error(owner.error());
    if (*owner) told.push_back(**owner);
  }
  reply.result(fleet::membersResult(membersFor(asker, told, {})));
}

boost::asio::awaitable<void> FleetDoor::tellOnceAsked(Member asker, std::string after, IqReply reply) {
  const auto before = store_.members(asker.fleet);
  if (!before) co_return reply.error(before.error());
  std::vector<std::string> robots;
  for (const auto& member : membersFor(asker, *before, after).members)
    if (member.silence) robots.push_back(member.account);
  co_await rollCall_.ask(std::move(robots));
  // What has changed meanwhile is told already: this is not to be older.
  const auto now = store_.members(asker.fleet);
  if (!now) co_return reply.error(now.error());
  reply.result(fleet::membersResult(membersFor(asker, *now, after)));
}

fleet::MembersInfo FleetDoor::membersFor(const Member& asker, const std::vector<Member>& known,
                                         std::string_view after) const {
  fleet::MembersInfo out;
  out.place = place_;
  out.place.fleet = asker.fleet;
  out.asker = asker.kind;
  out.asksRobots = true;
  const bool forOwner = asker.kind == Kind::owner;
  const auto today = policy::wallClock();
  for (const auto& member : known) {
    const bool isTold = !member.revoked || (forOwner && today - *member.revoked < longestRevoked);
    if (!isTold || member.account <= after) continue;
    // Those of one account stay together.
    if (out.members.size() >= mostTold && out.members.back().account != member.account) {
      out.more = out.members.back().account;
      break;
    }
    out.members.push_back(infoOf(member, forOwner));
    if (isAsked(member)) out.members.back().silence = rollCall_.silence(member.account);
    out.members.back().isCloned = !member.revoked && clones_.isCloned(member.account, std::chrono::steady_clock::now());
  }
  return out;
}

void FleetDoor::takeCode(const Member& asker, const IqRequest& request, const IqReply& reply) {
  if (asker.kind != Kind::owner) return reply.error(notOwner);
  const auto offer = fleet::readCode(request.payload);
  if (!offer) return reply.error(offer.error());
  if (offer->kind == Kind::owner)
    return reply.error(Error{Code::refused, "a fleet has one owner", "see docs/relay.md for a lost owner's device"});
  if (offer->ownerKey != asker.key)
    return reply.error(Error{Code::badStatement, "the code is introduced by another key than that of " + asker.account,
                             "make it on the device that was enrolled as the fleet's owner"});
  const auto now = policy::wallClock();
  KeptCode code;
  code.hash = offer->hash;
  code.fleet = asker.fleet;
  code.kind = offer->kind;
  if (!offer->name.empty()) code.account = offer->name + "@" + request.from.domain();
  code.made = now;
  code.ends = now + offer->lifetime;
  code.ownerAccount = asker.account;
  code.ownerKey = asker.key;
  code.introduction = offer->introduction;
  if (const auto added = store_.add(code, now); !added) return reply.error(added.error());
  log_->info("{} made a code for a {} of fleet {}, good for {} s", asker.account, fleet::text(code.kind), code.fleet,
             offer->lifetime.count());
  reply.result();
}

Result<Member> FleetDoor::memberOf(const Member& owner, const std::string& account) {
  if (owner.kind != Kind::owner) return notOwner;
  const auto member = store_.member(account);
  if (!member) return member.error();
  if (!*member || (*member)->fleet != owner.fleet)
    return Error{Code::unknownRobot, "there is no " + account + " in fleet " + owner.fleet,
                 "see who is there: beckon fleet list"};
  return **member;
}

void FleetDoor::takeStatement(const Member& asker, const IqRequest& request, const IqReply& reply) {
  const auto statement = fleet::readStatementRequest(request.payload);
  if (!statement) return reply.error(statement.error());
  const auto member = memberOf(asker, statement->account);
  if (!member) return reply.error(member.error());
  if (const auto sound = statement->check(asker.key, member->account, member->key, policy::wallClock()); !sound)
    return reply.error(sound.error());
  if (statement->kind != member->kind)
    return reply.error(Error{Code::badStatement, member->account + " is a " + std::string(fleet::text(member->kind)),
                             "sign what the relay tells of it"});
  const auto stated = store_.state(*statement);
  if (!stated) return reply.error(stated.error());
  reply.result();
  changed(*stated);
}

void FleetDoor::revoke(const Member& asker, const IqRequest& request, const IqReply& reply) {
  const auto member = memberOf(asker, std::string(request.payload.attribute("account")));
  if (!member) return reply.error(member.error());
  if (member->account == asker.account)
    return reply.error(Error{Code::invalidArgument, "that is the owner itself",
                             "see docs/relay.md for how a fleet gets another owner"});
  // Named, since gcc 12 destroys a closure inside a call twice.
  const auto revoking = [this, account = member->account, reply]() -> boost::asio::awaitable<void> {
    const auto revoked = co_await registrar_.revoke(account);
    if (revoked)
      reply.result();
    else
      reply.error(revoked.error());
  };
  boost::asio::co_spawn(executor_, revoking, boost::asio::detached);
}

void FleetDoor::changeSecret(const Member& asker, const IqRequest& request, const IqReply& reply) {
  const auto& secret = request.payload.text;
  if (!run::fromBase64url<32>(secret))
    return reply.error(Error{Code::invalidArgument, "a secret is 256 random bits in base64url", "send 43 characters"});
  const auto changing = [this, account = asker.account, secret, reply]() -> boost::asio::awaitable<void> {
    const auto done = co_await registrar_.changeSecret(account, secret);
    if (done)
      reply.result();
    else
      reply.error(done.error());
  };
  boost::asio::co_spawn(executor_, changing, boost::asio::detached);
}

void FleetDoor::changed(const Member& member) {
  if (member.revoked) clones_.forget(member.account);
  if (member.revoked || !member.confirmed) rollCall_.forget(member.account);
  const auto members = store_.members(member.fleet);
  if (!members) return log_->error("the fleet {} is not told of a change: {}", member.fleet, members.error().cause);
  for (const auto& other : *members) {
    if (other.revoked || !mayKnow(other, member)) continue;
    const auto told = component_.send(fleet::headline(fleet::changedName, other.account));
    if (!told) log_->debug("{} is not told of a change: {}", other.account, told.error().cause);
  }
}

}  // namespace beckon::relay
