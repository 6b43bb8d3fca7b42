#include "localbus/subscribers.hpp"

#include "core/qi/convert.hpp"

#include <algorithm>

namespace beckon::localbus {

using qi::Bytes;
using qi::Signature;
using run::Code;
using run::Error;
using run::Result;

namespace {

Error unreadable() { return {Code::badArguments, "ISerialization error Status Read Past End", {}}; }

}  // namespace

Result<Bytes> Subscribers::add(const std::shared_ptr<Connection>& from, const qi::Message& message,
                               const qi::MetaObject& meta) {
  qi::Reader reader(message.payload);
  reader.number<std::uint32_t>();  // a service or object id, which nobody agrees on
  const auto signal = reader.number<std::uint32_t>();
  const auto handler = reader.number<std::uint64_t>();
  const bool wishes = message.header.address.action == qi::action::registerEventWithSignature;
  const auto wish = wishes ? reader.string() : std::string_view();
  if (!reader.ok()) return unreadable();
  std::optional<Signature> wanted;
  if (wishes) {
    auto parsed = Signature::parse(wish);
    if (!parsed) return parsed.error();
    wanted = std::move(*parsed);
  }
  const auto declared = meta.signals.find(signal);
  if (declared == meta.signals.end()) return Error{Code::unknownMember, "No such signal", {}};
  const auto type = Signature::parse(declared->second.signature);
  if (!type) return type.error();
  auto address = message.header.address;
  address.action = signal;
  // One number is one registration: the later one stands.
  erase([&](const Subscriber& known) {
    return known.connectionId == from->id() && known.address == address && known.handler == handler;
  });
  auto place = from->subscriptions().take();
  if (!place)
    return Error{
        Code::overloaded,
        "this connection has " + std::to_string(qi::limits::maxSubscriptions) + " subscriptions, which is the limit",
        {}};
  auto& topic = topics_.try_emplace(signal, Topic{*type, {}}).first->second;
  topic.subscribers.push_back({from, from->id(), address, handler, std::move(wanted), std::move(*place)});
  if (topic.subscribers.size() == 1 && changed_) changed_(signal, true);
  return qi::encode(++lastLink_);
}

Result<Bytes> Subscribers::remove(const Connection& from, const qi::Message& message) {
  qi::Reader reader(message.payload);
  const auto service = reader.number<std::uint32_t>();
  reader.number<std::uint32_t>();  // the signal; the handler is enough
  const auto handler = reader.number<std::uint64_t>();
  if (!reader.ok()) return unreadable();
  const auto& address = message.header.address;
  const auto ended = erase([&](const Subscriber& known) {
    return known.connectionId == from.id() && known.address.service == address.service &&
           known.address.object == address.object && known.handler == handler;
  });
  if (ended == 0)
    return Error{Code::invalidArgument,
                 "Unregister request failed for " + std::to_string(handler) + " " + std::to_string(service),
                 {}};
  return Bytes();
}

void Subscribers::released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) {
  erase([&](const Subscriber& known) {
    return known.connectionId == connection && known.address.service == service && known.address.object == object;
  });
}

void Subscribers::end(const std::function<bool(std::uint32_t signal)>& which) {
  erase([&](const Subscriber& known) { return which(known.address.action); });
}

template <class Predicate>
std::size_t Subscribers::erase(const Predicate& which) {
  std::size_t ended = 0;
  std::vector<std::uint32_t> unwanted;
  for (auto topic = topics_.begin(); topic != topics_.end();) {
    ended += std::erase_if(topic->second.subscribers, which);
    const bool isWanted = !topic->second.subscribers.empty();
    if (!isWanted) unwanted.push_back(topic->first);
    topic = isWanted ? std::next(topic) : topics_.erase(topic);
  }
  if (changed_)
    for (const auto signal : unwanted) changed_(signal, false);
  return ended;
}

void Subscribers::emit(std::uint32_t signal, SignalClass kind, const Encode& encode) {
  const auto found = topics_.find(signal);
  if (found == topics_.end()) return;
  const auto& topic = found->second;
  const bool isForAll = !topic.type.mayHoldObjects();
  std::size_t lost = 0;
  std::optional<Bytes> shared;
  for (const auto& subscriber : topic.subscribers) {
    if (isForAll && !shared) shared = encode({});
    lost += isForAll ? send(topic, subscriber, kind, *shared) : sendOwn(topic, subscriber, encode);
  }
  if (lost > 0) dropped_[signal] += lost;
}

std::size_t Subscribers::send(const Topic& topic, const Subscriber& subscriber, SignalClass kind, qi::ByteView event) {
  const auto to = subscriber.connection.lock();
  if (!to) return 0;
  if (const auto converted = convert(topic, subscriber, *to, event, {}))
    return to->queueEvent(subscriber.address, *converted, qi::flags::dynamicPayload, kind);
  return to->queueEvent(subscriber.address, event, 0, kind);
}

// What was given in an event has to leave with it, or not to be given.
std::size_t Subscribers::sendOwn(const Topic& topic, const Subscriber& subscriber, const Encode& encode) {
  const auto to = subscriber.connection.lock();
  if (!to || !to->isReady()) return 0;
  if (!to->takesEvents()) return 1;
  const auto format = to->format(subscriber.address.service);
  const auto event = encode(format);
  const auto converted = convert(topic, subscriber, *to, event, format.plain());
  const bool isSent = converted ? to->sendEvent(subscriber.address, *converted, qi::flags::dynamicPayload)
                                : to->sendEvent(subscriber.address, event);
  return isSent ? 0 : 1;
}

// As the subscriber asked for it; none where it is sent as it is.
std::optional<Bytes> Subscribers::convert(const Topic& topic, const Subscriber& subscriber, const Connection& to,
                                          qi::ByteView event, const qi::ObjectFormat& plain) {
  if (!subscriber.wanted || !to.capabilities().remote(qi::capability::messageFlags)) return {};
  const auto value = qi::decodeValue(event, topic.type, plain);
  const auto converted = value ? qi::convert(*value, *subscriber.wanted) : value;
  if (!converted) return {};
  return qi::encodeValue(qi::dynamic(*converted), plain);
}

std::uint64_t Subscribers::dropped(std::uint32_t signal) const {
  const auto found = dropped_.find(signal);
  return found == dropped_.end() ? 0 : found->second;
}

std::size_t Subscribers::count(std::uint32_t signal) const {
  const auto topic = topics_.find(signal);
  return topic == topics_.end() ? 0 : topic->second.subscribers.size();
}

}  // namespace beckon::localbus
