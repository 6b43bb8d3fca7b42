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
  Subscriber next{from, from->id(), address, handler, std::move(wanted)};
  // One number is one registration: the later one stands.
  erase([&](const Subscriber& known) {
    return known.connectionId == next.connectionId && known.address == address && known.handler == handler;
  });
  auto& topic = topics_.try_emplace(signal, Topic{*type, {}}).first->second;
  topic.subscribers.push_back(std::move(next));
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

void Subscribers::emit(std::uint32_t signal, const Encode& encode) const {
  const auto topic = topics_.find(signal);
  if (topic == topics_.end()) return;
  const bool isForAll = !topic->second.type.mayHoldObjects();
  std::optional<Bytes> shared;
  for (const auto& subscriber : topic->second.subscribers) {
    const auto to = subscriber.connection.lock();
    if (!to) continue;
    if (isForAll) {
      if (!shared) shared = encode({});
      send(topic->second, subscriber, *shared, {});
    } else if (to->takesEvents()) {
      const auto format = to->format(subscriber.address.service);
      send(topic->second, subscriber, encode(format), format.plain());
    }
  }
}

void Subscribers::send(const Topic& topic, const Subscriber& subscriber, qi::ByteView event,
                       const qi::ObjectFormat& plain) const {
  const auto to = subscriber.connection.lock();
  if (subscriber.wanted && to->capabilities().remote(qi::capability::messageFlags)) {
    const auto value = qi::decodeValue(event, topic.type, plain);
    if (const auto converted = value ? qi::convert(*value, *subscriber.wanted) : value) {
      to->sendEvent(subscriber.address, qi::encodeValue(qi::dynamic(*converted), plain), qi::flags::dynamicPayload);
      return;
    }
  }
  to->sendEvent(subscriber.address, event);
}

std::size_t Subscribers::count(std::uint32_t signal) const {
  const auto topic = topics_.find(signal);
  return topic == topics_.end() ? 0 : topic->second.subscribers.size();
}

}  // namespace beckon::localbus
