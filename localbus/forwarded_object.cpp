#include "localbus/forwarded_object.hpp"

#include "core/qi/error_payload.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <utility>

// Who may what, and subscriptions; forwarded_messages.cpp has what passes.
namespace beckon::localbus {

using qi::Bytes;
using qi::MessageType;
using run::Code;
using run::Error;
using run::Result;
namespace action = qi::action;

namespace {

// The caller's own deadline ends a call earlier, by its cancel or its end.
constexpr Duration longestCall = std::chrono::hours(24);

// What a subscription is for: the second of its arguments.
std::uint32_t signalOf(const qi::Message& subscription) {
  qi::Reader reader(subscription.payload);
  reader.number<std::uint32_t>();
  return reader.number<std::uint32_t>();
}

Guard::Use useOf(const qi::Header& header) {
  return header.type == MessageType::post ? Guard::Use::post : Guard::Use::call;
}

void refuse(const std::shared_ptr<Connection>& from, const qi::Header& header, const std::string& why) {
  if (header.type == MessageType::call)
    from->answer(header.id, header.address, MessageType::error, qi::encodeErrorText(why));
}

}  // namespace

ForwardedObject::ForwardedObject(std::shared_ptr<RemoteObject> target, std::shared_ptr<Guard> guard)
    : target_(std::move(target)),
      guard_(std::move(guard)),
      uid_(target_->uid() == qi::ObjectUid{} ? newObjectUid() : target_->uid()),
      subscribers_([this](std::uint32_t signal, bool isWanted) { want(signal, isWanted); }) {}

ForwardedObject::~ForwardedObject() = default;

void ForwardedObject::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const auto member = header.address.action;
  const bool isStandard = member <= action::registerEventWithSignature;
  if (isStandard && (guard_ || member <= action::metaObject || member == action::registerEventWithSignature))
    return standardAction(from, message);
  const auto& meta = metaObject();
  if (const auto method = meta.methods.find(member); method != meta.methods.end()) {
    if (const auto longest = admitted(from, message, useOf(header), member)) {
      const Passing call{from, header, member, way(method->second), *longest};
      forward(call, message.payload);
    }
    return;
  }
  if (const auto signal = meta.signals.find(member); signal != meta.signals.end() && header.type == MessageType::post)
    return postToSignal(from, message, signal->second);
  if (guard_) guard_->missed(useOf(header), member, {}, header);
  refuse(from, header, "No such method");
}

// How long it may take; none: it was refused.
std::optional<Duration> ForwardedObject::admitted(const std::shared_ptr<Connection>& from, const qi::Message& message,
                                                  Guard::Use use, std::uint32_t member) const {
  if (!guard_) return longestCall;
  const auto admitted = guard_->admit(use, member, message.header, message.payload);
  if (admitted) return std::min(*admitted, longestCall);
  const auto isThere = admitted.error().code != Code::unknownMember;
  refuse(from, message.header, isThere ? admitted.error().cause : "No such method");
  return {};
}

void ForwardedObject::standardAction(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  switch (header.address.action) {
    case action::registerEvent:
    case action::registerEventWithSignature:
    case action::unregisterEvent:
      return subscription(from, message);
    case action::property:
    case action::setProperty:
      return propertyAction(from, message);
    case action::metaObject:
    case action::properties:
      break;
    default:
      if (guard_) guard_->missed(useOf(header), header.address.action, {}, header);
      return refuse(from, header, "No such method");
  }
  if (header.type != MessageType::call) return;
  if (header.address.action == action::metaObject)
    return from->answer(header.id, header.address, MessageType::reply, qi::encode(metaObject()));
  std::vector<std::string> names;
  for (const auto& [id, property] : metaObject().properties) names.push_back(property.name);
  from->answer(header.id, header.address, MessageType::reply, qi::encode(names));
}

void ForwardedObject::subscription(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const bool begins = header.address.action != action::unregisterEvent;
  const auto signal = signalOf(message);
  if (begins && guard_) {
    const bool isSeen = metaObject().signals.contains(signal);
    if (!isSeen) guard_->missed(Guard::Use::watch, signal, {}, header);
    const auto admitted = isSeen ? guard_->admit(Guard::Use::watch, signal, header, {}) : Result<Duration>(longestCall);
    if (!admitted)
      return refuse(from, header,
                    admitted.error().code == Code::unknownMember ? "No such signal" : admitted.error().cause);
  }
  const auto result = begins ? subscribers_.add(from, message, metaObject()) : subscribers_.remove(*from, message);
  if (!begins && result && guard_) guard_->unwatched(signal, false);
  auto answer = [weak = std::weak_ptr(from), header, result] {
    const auto to = weak.lock();
    if (!to || header.type != MessageType::call) return;
    to->answer(header.id, header.address, result ? MessageType::reply : MessageType::error,
               result ? *result : qi::encodeErrorText(result.error().cause));
  };
  // Who is told that he has subscribed misses nothing.
  const auto waiting = subscribing_.find(signal);
  if (result && begins && waiting != subscribing_.end())
    waiting->second.push_back(std::move(answer));
  else
    answer();
}

// The property is named by an argument: it goes on in one form, so that both sides mean the same.
void ForwardedObject::propertyAction(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const bool isSet = header.address.action == action::setProperty;
  if (header.flags & qi::flags::dynamicPayload)
    return refuse(from, header, "the name of a property goes as its declared type");
  qi::Reader reader(message.payload);
  qi::Value named;
  qi::Codec<qi::Value>::read(reader, named);
  if (!reader.ok()) return refuse(from, header, unreadableArguments(*reader.error()).cause);
  const auto& properties = metaObject().properties;
  const qi::MetaProperty* meta = nullptr;
  std::string shown;
  if (const auto* name = named.inner().as<std::string>()) {
    shown = *name;
    meta = metaObject().findProperty(*name);
  } else if (const auto id = qi::fromValue<std::uint32_t>(named)) {
    shown = std::to_string(*id);
    if (const auto found = properties.find(*id); found != properties.end()) meta = &found->second;
  }
  const auto missing = "property \"" + shown + "\" was not found";
  const auto use = isSet ? Guard::Use::set : Guard::Use::get;
  if (!meta) {
    guard_->missed(use, 0, shown, header);
    return refuse(from, header, missing);
  }
  const auto rest = message.payload.subspan(reader.position());
  const auto admitted = guard_->admit(use, meta->uid, header, rest);
  if (!admitted)
    return refuse(from, header, admitted.error().code == Code::unknownMember ? missing : admitted.error().cause);
  auto payload = qi::encode(qi::dynamic(meta->uid));
  payload.insert(payload.end(), rest.begin(), rest.end());
  static const qi::MetaMethod get{action::property, "m", "property", "(m)", {}, {}, {}};
  static const qi::MetaMethod set{action::setProperty, "v", "setProperty", "(mm)", {}, {}, {}};
  const Passing call{from, header, header.address.action, way(isSet ? set : get), std::min(*admitted, longestCall)};
  forward(call, payload);
}

void ForwardedObject::postToSignal(const std::shared_ptr<Connection>& from, const qi::Message& message,
                                   const qi::MetaSignal& meta) {
  if (!admitted(from, message, Guard::Use::post, meta.uid)) return;
  const qi::MetaMethod asMethod{meta.uid, "v", meta.name, meta.signature, {}, {}, {}};
  const Passing post{from, message.header, meta.uid, way(asMethod), longestCall};
  forward(post, message.payload);
}

void ForwardedObject::released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) {
  subscribers_.released(connection, service, object);
}

void ForwardedObject::reconsider() {
  ways_.clear();
  subscribers_.end([this](std::uint32_t signal) {
    const bool ends = !metaObject().signals.contains(signal) || (guard_ && !guard_->mayWatch(signal));
    if (ends && guard_) guard_->unwatched(signal, true);
    return ends;
  });
}

std::uint64_t ForwardedObject::track(const Passing& call) {
  if (!guard_ || call.header.type == MessageType::post || !guard_->mayEnd(call.action)) return 0;
  underWay_[++lastTicket_].method = call.action;
  return lastTicket_;
}

void ForwardedObject::end(const std::function<bool(std::uint32_t method)>& which, const std::string& why) {
  std::vector<UnderWay> ended;
  std::erase_if(underWay_, [&](auto& entry) {
    if (!which(entry.second.method)) return false;
    ended.push_back(std::move(entry.second));
    return true;
  });
  target_->takeBack(which);
  for (const auto& each : ended) each.end(why);
}

void ForwardedObject::want(std::uint32_t signal, bool isWanted) {
  upstream_.erase(signal);
  if (!isWanted) return;
  subscribing_[signal];
  const auto subscribe = [weak = weak_from_this(), target = target_, signal]() -> asio::awaitable<void> {
    auto handler = [weak, signal](const qi::Message& event) {
      if (const auto self = weak.lock()) self->emit(signal, event);
    };
    auto subscription = co_await target->subscribeToMessages(signal, std::move(handler));
    const auto self = weak.lock();
    if (!self) co_return;
    if (subscription && self->subscribers_.count(signal) > 0) self->upstream_[signal] = *subscription;
    const auto waiting = self->subscribing_.extract(signal);
    if (waiting.empty()) co_return;
    for (const auto& answer : waiting.mapped()) answer();
  };
  asio::co_spawn(target_->connection()->executor(), subscribe, asio::detached);
}

}  // namespace beckon::localbus
