#include "localbus/object.hpp"

#include "core/qi/error_payload.hpp"
#include "core/qi/value_coder.hpp"

#include <algorithm>

namespace beckon::localbus {
namespace {

using qi::Bytes;
using qi::ByteView;
using qi::MessageType;
using qi::Signature;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

// How the answer to one call has to look.
struct ReplyForm {
  std::uint32_t id;
  qi::Address address;
  Signature returns;
  std::optional<Signature> wanted;  // the caller asked for this type (flag ReturnType)
};

void sendReply(Connection& to, const ReplyForm& form, Result<Bytes> result) {
  if (!result) return to.answer(form.id, form.address, MessageType::error, qi::encodeErrorText(result.error().cause));
  if (form.wanted) {
    const auto value = qi::decodeValue(*result, form.returns, to.objectFormat());
    if (const auto converted = value ? qi::convert(*value, *form.wanted) : value) {
      const Bytes dynamic = qi::encodeValue(qi::dynamic(*converted), to.objectFormat());
      return to.answer(form.id, form.address, MessageType::reply, dynamic, qi::flags::dynamicPayload);
    }
  }
  to.answer(form.id, form.address, MessageType::reply, *result);
}

// Arguments that come with flags, as a value of the tuple `parameters`. The reader stands behind them.
Result<Value> readArguments(qi::Reader& from, std::uint8_t flags, const Signature& parameters) {
  Value value;
  if (flags & qi::flags::dynamicPayload)
    qi::Codec<Value>::read(from, value);
  else
    value = qi::readValue(from, parameters);
  if (!from.ok()) return *from.error();
  return qi::convert(value, parameters);
}

}  // namespace

Error unreadableArguments(const Error& why) {
  if (why.code == Code::protocolError) return {Code::badArguments, "ISerialization error Status Read Past End", {}};
  return why;
}

Responder::~Responder() {
  if (send_) send_(Error{Code::internal, "the service gave no answer", {}});
}

void Responder::operator()(Result<Bytes> result) {
  if (send_) std::exchange(send_, {})(std::move(result));
}

void Object::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const bool isCall = header.type == MessageType::call;
  const auto action = header.address.action;
  if (const auto method = metaObject_.methods.find(action); method != metaObject_.methods.end()) {
    if (action >= qi::firstUserAction) return invoke(from, message, method->second);
    auto result = standardAction(from, message);
    if (isCall) sendReply(*from, {header.id, header.address, Signature(), {}}, std::move(result));
    return;
  }
  if (const auto signal = metaObject_.signals.find(action); !isCall && signal != metaObject_.signals.end())
    return relay(*from, message, signal->second);
  if (isCall)
    from->answer(header.id, header.address, MessageType::error,
                 qi::encodeErrorText("No such method {" + std::to_string(header.address.service) + "." +
                                     std::to_string(header.address.object) + "." + std::to_string(action) +
                                     ", id:" + std::to_string(header.id) + "}"));
}

void Object::invoke(const std::shared_ptr<Connection>& from, const qi::Message& message, const qi::MetaMethod& meta) {
  const auto& header = message.header;
  const auto format = from->objectFormat();
  ByteView arguments = message.payload;
  Bytes converted;
  ReplyForm form{header.id, header.address, Signature(), {}};
  if (header.flags & (qi::flags::dynamicPayload | qi::flags::returnType)) {
    const auto parameters = Signature::of(meta.parametersSignature);
    form.returns = Signature::of(meta.returnSignature);
    qi::Reader reader(message.payload, format);
    const auto fitting = readArguments(reader, header.flags, parameters);
    if (!fitting) {
      if (header.type == MessageType::call) sendReply(*from, form, unreadableArguments(fitting.error()));
      return;
    }
    converted = qi::encodeValue(*fitting, format);
    arguments = converted;
    if (header.flags & qi::flags::returnType)
      if (auto wanted = Signature::parse(reader.string()); reader.ok() && wanted) form.wanted = *wanted;
  }
  Responder::Send send = [](Result<Bytes>) {};
  if (header.type == MessageType::call)
    send = [connection = std::weak_ptr(from), form](Result<Bytes> result) {
      if (const auto to = connection.lock()) sendReply(*to, form, std::move(result));
    };
  try {
    methods_.at(header.address.action)({Caller{from->id()}, arguments, format, Responder(std::move(send))});
  } catch (const std::exception& thrown) {  // its responder has answered that there is no answer
    from->log()->error("method {} threw: {}", meta.name, thrown.what());
  }
}

// A peer posts to a signal: everybody who listens gets it, if it is what the signal carries.
void Object::relay(const Connection& from, const qi::Message& message, const qi::MetaSignal& meta) {
  qi::Reader reader(message.payload, from.objectFormat());
  const auto arguments = readArguments(reader, message.header.flags, Signature::of(meta.signature));
  if (arguments) return emit(meta.uid, qi::encodeValue(*arguments));
  from.log()->warn("{} posted to signal {} what it does not carry: {}", from.peer(), meta.name,
                   arguments.error().cause);
}

Result<Bytes> Object::standardAction(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto format = from->objectFormat();
  switch (message.header.address.action) {
    case qi::action::registerEvent:
      return subscribe(from, message, false);
    case qi::action::registerEventWithSignature:
      return subscribe(from, message, true);
    case qi::action::unregisterEvent:
      return unsubscribe(*from, message);
    case qi::action::metaObject:
      return qi::encode(metaObject_, format);
    case qi::action::properties: {
      std::vector<std::string> names;
      for (const auto& [id, property] : metaObject_.properties) names.push_back(property.name);
      return qi::encode(names);
    }
    case qi::action::property: {
      const auto name = qi::decode<Value>(message.payload, format);
      if (!name) return unreadableArguments(name.error());
      const auto property = findProperty(*name);
      if (!property) return property.error();
      return qi::encode(qi::dynamic((*property)->get()), format);
    }
    case qi::action::setProperty: {
      const auto arguments = qi::decode<std::tuple<Value, Value>>(message.payload, format);
      if (!arguments) return unreadableArguments(arguments.error());
      const auto property = findProperty(std::get<0>(*arguments));
      if (!property) return property.error();
      if (const auto set = (*property)->set(std::get<1>(*arguments)); !set) return set.error();
      return Bytes();
    }
    default:
      return Error{Code::refused, "a service's main object cannot be terminated", {}};
  }
}

Result<Bytes> Object::subscribe(const std::shared_ptr<Connection>& from, const qi::Message& message,
                                bool withSignature) {
  qi::Reader reader(message.payload);
  reader.number<std::uint32_t>();  // the service's or object's id; the header says it better
  const auto signal = reader.number<std::uint32_t>();
  const auto handler = reader.number<std::uint64_t>();
  std::optional<Signature> wanted;
  if (withSignature) {
    auto parsed = Signature::parse(reader.string());
    if (!parsed) return parsed.error();
    wanted = *parsed;
  }
  if (!reader.ok()) return unreadableArguments(*reader.error());
  if (!metaObject_.signals.contains(signal)) return Error{Code::unknownMember, "No such signal", {}};
  const auto& address = message.header.address;
  const Subscription next{from, from->id(), address.service, address.object, signal, handler, wanted};
  const auto same =
      std::ranges::find_if(subscriptions_, [&](const auto& s) { return s.isFor(*from, address, handler); });
  if (same != subscriptions_.end())
    *same = next;
  else
    subscriptions_.push_back(next);
  return qi::encode(++lastLink_);
}

Result<Bytes> Object::unsubscribe(const Connection& from, const qi::Message& message) {
  qi::Reader reader(message.payload);
  const auto service = reader.number<std::uint32_t>();
  reader.number<std::uint32_t>();
  const auto handler = reader.number<std::uint64_t>();
  if (!reader.ok()) return unreadableArguments(*reader.error());
  const auto ended =
      std::erase_if(subscriptions_, [&](const auto& s) { return s.isFor(from, message.header.address, handler); });
  if (!ended)
    return Error{Code::invalidArgument,
                 "Unregister request failed for " + std::to_string(handler) + " " + std::to_string(service),
                 {}};
  return Bytes();
}

Result<const Object::Property*> Object::findProperty(const Value& nameOrId) const {
  std::string shown;
  if (const auto* name = nameOrId.inner().as<std::string>()) {
    shown = *name;
    if (const auto* meta = metaObject_.findProperty(*name)) return &properties_.at(meta->uid);
  } else if (const auto id = qi::fromValue<std::uint32_t>(nameOrId)) {
    shown = std::to_string(*id);
    if (const auto found = properties_.find(*id); found != properties_.end()) return &found->second;
  }
  return Error{Code::unknownMember, "property \"" + shown + "\" was not found", {}};
}

void Object::closed(std::uint64_t connection) {
  std::erase_if(subscriptions_, [&](const auto& s) { return s.connectionId == connection; });
}

void Object::emit(std::uint32_t signal, ByteView arguments) {
  for (const auto& subscription : subscriptions_) {
    if (subscription.signal != signal) continue;
    const auto to = subscription.connection.lock();
    if (!to) continue;
    const qi::Address address{subscription.service, subscription.object, signal};
    if (subscription.wanted) {
      const auto type = Signature::parse(metaObject_.signals.at(signal).signature);
      const auto value = type ? qi::decodeValue(arguments, *type, to->objectFormat()) : Result<Value>(type.error());
      if (const auto converted = value ? qi::convert(*value, *subscription.wanted) : value) {
        to->sendEvent(address, qi::encodeValue(qi::dynamic(*converted)), qi::flags::dynamicPayload);
        continue;
      }
    }
    to->sendEvent(address, arguments);
  }
}

std::size_t Object::subscriberCount(std::uint32_t signal) const {
  return static_cast<std::size_t>(std::ranges::count(subscriptions_, signal, &Subscription::signal));
}

}  // namespace beckon::localbus
