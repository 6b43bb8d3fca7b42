#include "localbus/event_queue.hpp"

#include <utility>

namespace beckon::localbus {

EventQueue::Key EventQueue::keyOf(const Event& event) {
  return {event.address.service, event.address.object, event.address.action, event.flags};
}

void EventQueue::dropOldest(Same& same) {
  const auto oldest = same.places.front();
  same.places.pop_front();
  same.bytes -= oldest->arguments.size();
  bytes_ -= oldest->arguments.size();
  waiting_.erase(oldest);
}

std::size_t EventQueue::add(Event event) {
  const auto size = event.arguments.size();
  const bool isState = event.kind == SignalClass::state;
  const auto key = keyOf(event);
  std::size_t lost = 0;
  if (const auto found = same_.find(key); event.kind != SignalClass::event && found != same_.end()) {
    auto& same = found->second;
    const auto isTooMuch = [&] {
      return isState || same.places.size() >= maxStreamEvents || same.bytes + size > maxStreamBytes ||
             bytes_ + size > maxBytes;
    };
    for (; !same.places.empty() && isTooMuch(); lost += isState ? 0 : 1) dropOldest(same);
    if (same.places.empty()) same_.erase(found);
  }
  if (bytes_ + size > (isState ? 2 * maxBytes : maxBytes)) return lost + 1;
  bytes_ += size;
  waiting_.push_back(std::move(event));
  if (waiting_.back().kind == SignalClass::event) return lost;
  auto& same = same_[key];
  same.bytes += size;
  same.places.push_back(std::prev(waiting_.end()));
  return lost;
}

std::optional<EventQueue::Event> EventQueue::take() {
  if (waiting_.empty()) return {};
  std::optional<Event> next(std::move(waiting_.front()));
  const auto size = next->arguments.size();
  bytes_ -= size;
  if (next->kind != SignalClass::event) {
    const auto same = same_.find(keyOf(*next));
    same->second.places.pop_front();
    same->second.bytes -= size;
    if (same->second.places.empty()) same_.erase(same);
  }
  waiting_.pop_front();
  return next;
}

}  // namespace beckon::localbus
