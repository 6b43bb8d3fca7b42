#include "localbus/connection.hpp"
#include "localbus/object_table.hpp"

// How Connection sends events.
namespace beckon::localbus {

bool Connection::takesEvents() {
  if (state_ != State::ready) return false;
  const bool takes = queued() <= maxQueued;
  if (!takes) dropped(1);
  return takes;
}

std::size_t Connection::queueEvent(qi::Address address, qi::ByteView arguments, std::uint8_t flags, SignalClass kind) {
  if (state_ != State::ready) return 0;
  if ((!events_ || events_->isEmpty()) && queued() <= eventRoom) return sendEvent(address, arguments, flags) ? 0 : 1;
  if (arguments.size() > qi::limits::maxPayload) {
    dropped(1);
    return 1;
  }
  if (!events_) events_ = std::make_unique<EventQueue>();
  const auto lost = events_->add({address, flags, kind, {arguments.begin(), arguments.end()}});
  if (lost > 0) dropped(lost);
  return lost;
}

void Connection::dropped(std::size_t events) {
  droppedEvents_ += events;
  if (!std::exchange(isDropping_, true)) log_->warn("{} does not read: events for it are dropped", peer_);
}

bool Connection::sendEvent(qi::Address address, const Payload& arguments, std::uint8_t flags) {
  if (!takesEvents()) return false;
  if (arguments.size() > qi::limits::maxPayload) {
    dropped(1);
    return false;
  }
  put({++lastMessageId_, 0, 0, qi::MessageType::event, flags, address}, arguments);
  return true;
}

// As many as leave together; those that still wait go when these have.
void Connection::sendWaitingEvents() {
  if (!events_) return;
  while (queue_.size() < keptBuffer) {
    const auto event = events_->take();
    if (!event) break;
    put({++lastMessageId_, 0, 0, qi::MessageType::event, event->flags, event->address}, event->arguments);
  }
  if (events_->isEmpty() && std::exchange(isDropping_, false))
    log_->info("{} reads again; {} events for it were dropped in all", peer_, droppedEvents_);
}

}  // namespace beckon::localbus
