#include "core/qi/convert.hpp"
#include "localbus/remote_object.hpp"

#include <algorithm>

// What RemoteObject knows of signals.
namespace beckon::localbus {

using qi::Signature;
using qi::Value;
using run::Result;

asio::awaitable<Result<std::shared_ptr<RemoteObject::Subscription>>> RemoteObject::subscribe(std::string signal,
                                                                                             EventHandler handler,
                                                                                             Duration timeout) {
  return registerFor(std::move(signal), {}, std::move(handler), timeout);
}

asio::awaitable<Result<std::shared_ptr<RemoteObject::Subscription>>> RemoteObject::subscribeAs(std::string signal,
                                                                                               Signature wanted,
                                                                                               EventHandler handler,
                                                                                               Duration timeout) {
  return registerFor(std::move(signal), std::move(wanted), std::move(handler), timeout);
}

asio::awaitable<Result<std::shared_ptr<RemoteObject::Subscription>>> RemoteObject::registerFor(
    std::string signal, std::optional<Signature> wanted, EventHandler handler, Duration timeout) {
  const auto self = shared_from_this();
  const auto meta = this->signal(signal);
  if (!meta) co_return meta.error();
  const auto uid = (*meta)->uid;
  const bool isSame = wanted && Signature::of((*meta)->signature).sameType(*wanted);
  // Who asks the peer has a registration of its own; all others share the one of the signal as it is.
  if (wanted && !isSame && !connection_->capabilities().remote(qi::capability::messageFlags)) {
    handler = [weak = weak_from_this(), wanted = *wanted, handler = std::move(handler)](const Value& event) {
      const auto fitting = qi::convert(event, wanted);
      const auto object = weak.lock();
      if (fitting)
        handler(*fitting);
      else if (object)
        object->warnOfEvent(fitting.error());
    };
    wanted.reset();
  }
  if (isSame) wanted.reset();
  auto registering = registerHandler(uid, std::move(wanted), {std::move(handler), {}}, timeout);
  co_return co_await std::move(registering);
}

asio::awaitable<Result<std::shared_ptr<RemoteObject::Subscription>>> RemoteObject::subscribeToMessages(
    std::uint32_t signal, MessageHandler handler, Duration timeout) {
  return registerHandler(signal, {}, {{}, std::move(handler)}, timeout);
}

asio::awaitable<Result<std::shared_ptr<RemoteObject::Subscription>>> RemoteObject::registerHandler(
    std::uint32_t uid, std::optional<Signature> wanted, Handler handler, Duration timeout) {
  const auto self = shared_from_this();
  if (registrations_.empty())
    connection_->listen(service_, object_, [weak = weak_from_this()](const qi::Message& message) {
      if (const auto object = weak.lock()) object->received(message);
    });
  const std::string name = std::to_string(uid) + (wanted ? wanted->text() : "");
  auto& registration = registrations_[name];
  registration.signal = uid;
  registration.wanted = wanted;
  const auto key = ++lastKey_;
  auto subscription = std::make_shared<Subscription>(weak_from_this(), name, key);
  registration.handlers[key] = std::move(handler);
  if (registration.isRegistered) co_return subscription;
  // As libqi does: the signal above, a counter below. Who comes while the first is asking asks again with the same
  // link, which the peer takes for one registration.
  if (!registration.link) registration.link = (std::uint64_t{uid} << 32) | connection_->newLink();
  const std::tuple<std::uint32_t, std::uint32_t, std::uint64_t> link(service_, uid, registration.link);
  auto arguments = wanted ? qi::encode(std::tuple_cat(link, std::tuple(wanted->text()))) : qi::encode(link);
  auto asked = callForValue(wanted ? qi::action::registerEventWithSignature : qi::action::registerEvent,
                            std::move(arguments), Signature::of("L"), timeout);
  const auto done = co_await std::move(asked);
  if (!done) co_return done.error();
  if (const auto still = registrations_.find(name); still != registrations_.end()) still->second.isRegistered = true;
  co_return subscription;
}

void RemoteObject::received(const qi::Message& message) {
  const auto uid = message.header.address.action;
  const auto meta = metaObject_->signals.find(uid);
  if (meta == metaObject_->signals.end()) return;
  const auto self = shared_from_this();
  pass(message);
  const auto isDecoded = [](const auto& entry) { return static_cast<bool>(entry.second.event); };
  if (std::ranges::none_of(registrations_, [&](const auto& entry) {
        return entry.second.signal == uid && std::ranges::any_of(entry.second.handlers, isDecoded);
      }))
    return;
  const auto type = Signature::parse(meta->second.signature);
  if (!type) return;
  const bool isDynamic = message.header.flags & qi::flags::dynamicPayload;
  const auto format = connection_->format(service_);
  const auto read =
      isDynamic ? qi::decode<Value>(message.payload, format) : qi::decodeValue(message.payload, *type, format);
  if (!read) return warnOfEvent(read.error());
  const Value& value = read->inner();
  // An event does not say for which registration it is: with flags for one that asked for its type, which gets it as it
  // is if the peer could not convert it and nobody wanted it so.
  std::vector<std::string> names;
  for (const auto& [name, registration] : registrations_)
    if (registration.signal == uid && (!isDynamic || registration.wanted)) names.push_back(name);
  for (const auto& name : names) {
    const auto found = registrations_.find(name);  // a handler may have ended it
    if (found == registrations_.end()) continue;
    const auto& wanted = found->second.wanted;
    if (!wanted) {
      deliver(name, value);
    } else if (isDynamic ? value.signature().sameType(*wanted) : names.size() == 1) {
      const auto fitting = qi::convert(value, *wanted);
      if (!fitting) return warnOfEvent(fitting.error());
      deliver(name, *fitting);
    }
  }
}

// To those who take it as it is.
void RemoteObject::pass(const qi::Message& message) {
  if (message.header.flags & qi::flags::dynamicPayload) return;  // of a registration that asked for its own type
  const auto registration = registrations_.find(std::to_string(message.header.address.action));
  if (registration == registrations_.end()) return;
  std::vector<MessageHandler> handlers;
  for (const auto& [key, handler] : registration->second.handlers)
    if (handler.message) handlers.push_back(handler.message);
  for (const auto& handler : handlers) handler(message);
}

void RemoteObject::warnOfEvent(const run::Error& why) const {
  connection_->log()->warn("{}: an event cannot be read: {}", name_, why.cause);
}

void RemoteObject::deliver(const std::string& registration, const Value& event) {
  const auto handlers = registrations_.at(registration).handlers;
  for (const auto& [key, handler] : handlers) {
    if (!handler.event) continue;
    // A handler may have ended its own subscription or another.
    const auto still = registrations_.find(registration);
    if (still != registrations_.end() && still->second.handlers.contains(key)) handler.event(event);
  }
}

void RemoteObject::unsubscribe(const std::string& name, std::uint64_t key) {
  const auto found = registrations_.find(name);
  if (found == registrations_.end() || !found->second.handlers.erase(key) || !found->second.handlers.empty()) return;
  const std::tuple<std::uint32_t, std::uint32_t, std::uint64_t> arguments(service_, found->second.signal,
                                                                          found->second.link);
  registrations_.erase(found);
  if (connection_->isReady())
    callAction(qi::action::unregisterEvent, qi::encode(arguments), defaultTimeout, [](Result<Answer>) {});
  if (registrations_.empty()) connection_->listen(service_, object_, nullptr);
}

RemoteObject::Subscription::~Subscription() {
  if (const auto object = object_.lock()) object->unsubscribe(registration_, key_);
}

}  // namespace beckon::localbus
