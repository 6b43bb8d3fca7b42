#include "localbus/bound_object.hpp"
#include "localbus/connection.hpp"

#include <boost/asio/post.hpp>

// What Connection does for calls without a message, where its other end is in this process.
namespace beckon::localbus {

const BoundObject* Connection::hosted(std::uint32_t service, std::uint32_t object) const {
  return partner_ && partner_->receiver_ ? partner_->receiver_->hosted(service, object) : nullptr;
}

bool Connection::hasHandledAll() const {
  return partner_ && state_ == State::ready && partner_->state_ == State::ready && partner_->queue_.empty() &&
         arriving_ == 0 && parser_.pending() == 0;
}

const BoundObject* Connection::straightTo(std::uint32_t service, std::uint32_t object) {
  if (!partner_ || !partner_->hasHandledAll() || ++straightCalls_ % callsInARow == 0) return nullptr;
  return hosted(service, object);
}

// A message with nothing in it, behind those that wait: the answer of a call that was never sent.
void Connection::whenHandledAll(AnswerHandler handler) {
  if (!partner_ || state_ != State::ready) {
    auto refuse = [handler = std::move(handler), peer = peer_]() mutable {
      handler(run::Error{run::Code::connectionLost, "the connection to " + peer + " is closed", "connect again"});
    };
    return asio::post(executor(), std::move(refuse));
  }
  const auto id = ++lastMessageId_;
  pending_.emplace(id, Pending{std::move(handler), {}, std::chrono::steady_clock::time_point::max(), Reading::copied});
  partner_->put({id, 0, 0, qi::MessageType::reply, 0, {}}, {});
}

}  // namespace beckon::localbus
