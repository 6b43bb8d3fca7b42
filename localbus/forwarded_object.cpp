#include "localbus/forwarded_object.hpp"

#include "core/qi/error_payload.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace beckon::localbus {

using qi::Bytes;
using qi::MessageType;
using qi::Signature;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

namespace {

// The caller's own deadline ends a call earlier, by its cancel or its end.
constexpr Duration longestCall = std::chrono::hours(24);

Result<Value> readAnswer(const Answer& answer, const Signature& returns) {
  if (!(answer.flags & qi::flags::dynamicPayload)) return qi::decodeValue(answer.payload, returns, answer.format);
  const auto value = qi::decode<Value>(answer.payload, answer.format);
  return value ? qi::convert(*value, returns) : value;
}

// What a subscription is for: the second of its arguments.
std::uint32_t signalOf(const qi::Message& subscription) {
  qi::Reader reader(subscription.payload);
  reader.number<std::uint32_t>();
  return reader.number<std::uint32_t>();
}

}  // namespace

ForwardedObject::ForwardedObject(std::shared_ptr<RemoteObject> target)
    : target_(std::move(target)),
      uid_(target_->uid() == qi::ObjectUid{} ? newObjectUid() : target_->uid()),
      subscribers_([this](std::uint32_t signal, bool isWanted) { want(signal, isWanted); }) {}

ForwardedObject::~ForwardedObject() = default;

void ForwardedObject::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const auto action = header.address.action;
  const auto& meta = metaObject();
  const bool isSubscription = action == qi::action::registerEvent || action == qi::action::registerEventWithSignature;
  if (isSubscription || action <= qi::action::metaObject) {
    const auto result = ownAction(from, message);
    auto answer = [weak = std::weak_ptr(from), header, result] {
      const auto to = weak.lock();
      if (!to || header.type != MessageType::call) return;
      to->answer(header.id, header.address, result ? MessageType::reply : MessageType::error,
                 result ? *result : qi::encodeErrorText(result.error().cause));
    };
    // Who is told that he has subscribed misses nothing.
    const auto signal = subscribing_.find(signalOf(message));
    if (result && isSubscription && signal != subscribing_.end())
      signal->second.push_back(std::move(answer));
    else
      answer();
    return;
  }
  if (const auto method = meta.methods.find(action); method != meta.methods.end())
    return forward(from, message, method->second);
  if (const auto signal = meta.signals.find(action); signal != meta.signals.end() && header.type == MessageType::post) {
    const auto posted =
        readFlagged(message, Signature::of(signal->second.signature), from->format(header.address.service));
    if (posted) target_->postAction(action, qi::encodeValue(posted->arguments, target_->argumentFormat()));
    return;
  }
  if (header.type == MessageType::call)
    from->answer(header.id, header.address, MessageType::error, qi::encodeErrorText("No such method"));
}

Result<Bytes> ForwardedObject::ownAction(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  switch (message.header.address.action) {
    case qi::action::metaObject:
      return qi::encode(metaObject());
    case qi::action::unregisterEvent:
      return subscribers_.remove(*from, message);
    default:
      return subscribers_.add(from, message, metaObject());
  }
}

void ForwardedObject::forward(const std::shared_ptr<Connection>& from, const qi::Message& message,
                              const qi::MetaMethod& meta) {
  const auto& header = message.header;
  auto flagged = readFlagged(message, Signature::of(meta.parametersSignature), from->format(header.address.service));
  if (header.type == MessageType::post) {
    if (flagged) target_->postAction(meta.uid, qi::encodeValue(flagged->arguments, target_->argumentFormat()));
    return;
  }
  const auto wanted = flagged ? std::move(flagged->wanted) : std::nullopt;
  const auto caller = std::make_shared<Responder>(waitingCaller(from, header, meta.returnSignature, wanted));
  if (!flagged) return (*caller)(flagged.error());
  const auto call =
      target_->callAction(meta.uid, qi::encodeValue(flagged->arguments, target_->argumentFormat()), longestCall,
                          [caller, returns = Signature::of(meta.returnSignature)](Result<Answer> answer) {
                            if (!answer && answer.error().code == Code::canceled) return caller->canceled();
                            if (!answer) return (*caller)(answer.error());
                            const auto value = readAnswer(*answer, returns);
                            const auto format = caller->format();
                            if (!value)
                              (*caller)(value.error());
                            else if (format)
                              (*caller)(qi::encodeValue(*value, *format));
                          });
  caller->onCancel([target = target_, call] { target->connection()->cancel(call); });
}

void ForwardedObject::released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) {
  subscribers_.released(connection, service, object);
}

void ForwardedObject::want(std::uint32_t signal, bool isWanted) {
  upstream_.erase(signal);
  if (!isWanted) return;
  subscribing_[signal];
  const auto subscribe = [weak = weak_from_this(), target = target_, signal]() -> asio::awaitable<void> {
    auto handler = [weak, signal](const Value& event) {
      if (const auto self = weak.lock())
        self->subscribers_.emit(
            signal, self->metaObject().properties.contains(signal) ? SignalClass::state : SignalClass::event,
            [&](const qi::ObjectFormat& format) { return qi::encodeValue(event, format); });
    };
    auto subscription = co_await target->subscribe(target->metaObject().signals.at(signal).name, std::move(handler));
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
