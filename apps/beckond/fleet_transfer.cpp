#include "apps/beckond/fleet_member.hpp"
#include "apps/enrol/enrol.hpp"
#include "fleet/protocol.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <utility>

// The owner's order to go to another fleet (docs/protocol/fleet.md).
namespace beckon::apps {

using run::Code;
using run::Error;
using run::Result;

void FleetMember::ordered(const xmpp::IqRequest& request, const xmpp::IqReply& reply) {
  // To anybody else there is nothing to order.
  if (request.from.bare().text() != membership_.ownerAccount) return reply.error(xmpp::serviceUnavailable);
  const auto order = fleet::readTransfer(request.payload, membership_.account);
  if (!order) return reply.error(order.error());
  const auto code = accept(*order);
  if (!code) {
    log_->warn("an order of {} to go to another fleet is refused: {}", request.from.text(), code.error().cause);
    return reply.error(code.error());
  }
  log_->info("the owner of fleet {} orders this robot to fleet {} at {}", membership_.fleet, code->place().fleet,
             code->place().host);
  isMoving_ = true;
  const auto moving = [self = shared_from_this(), code = *code, name = order->name,
                       reply]() -> boost::asio::awaitable<void> { co_await self->move(code, name, reply); };
  boost::asio::co_spawn(timer_.get_executor(), moving, boost::asio::detached);
}

// An order is taken once, whatever becomes of it: who carries it could bring it again.
Result<fleet::Code> FleetMember::accept(const fleet::TransferOrder& order) {
  if (const auto sound = order.check(membership_.ownerKey, membership_.account, policy::wallClock()); !sound)
    return sound.error();
  if (isMoving_)
    return Error{Code::overloaded, membership_.account + " is just being enrolled elsewhere", "wait a minute"};
  if (order.ends <= membership_.lastOrder)
    return Error{Code::tooLate, "this order to " + membership_.account + " was taken before, or a later one",
                 "see whether it is in the other fleet; if it is not, give the order again"};
  auto code = fleet::Code::parse(order.code);
  if (!code) return code.error();
  if (code->place().kind != fleet::Kind::robot)
    return Error{Code::badCode, "this code is for the device of a " + std::string(fleet::text(code->place().kind)),
                 "ask the new owner for one for a robot: beckon fleet code"};
  membership_.lastOrder = order.ends;
  if (const auto kept = membership_.update(); !kept) return kept.error();
  return code;
}

boost::asio::awaitable<void> FleetMember::move(fleet::Code code, std::string name, xmpp::IqReply reply) {
  auto moved = Result<fleet::Membership>(Error{});
  if (auto proxy = events_.proxyTo(code.place().host)) {
    auto enrolling = enrolElsewhere(std::move(code), std::move(name), membership_.folder, std::move(*proxy));
    moved = co_await std::move(enrolling);
  } else {
    moved = proxy.error();
  }
  const auto identity = moved ? run::loadIdentity(membership_.folder) : Result<run::Identity>(moved.error());
  if (!identity) {
    log_->warn("this robot stays in fleet {}: {}; next: {}", membership_.fleet, identity.error().cause,
               identity.error().nextStep);
    isMoving_ = false;
    co_return reply.error(identity.error());
  }
  log_->warn("this robot is {} in fleet {} of {} from now on", moved->account, moved->fleet, moved->ownerAccount);
  const fleet::Transferred done{moved->account, moved->fleet, moved->ownerAccount, identity->key.publicKey()};
  reply.result(fleet::transferResult(done));
  events_.moved();
}

}  // namespace beckon::apps
