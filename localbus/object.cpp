#include "localbus/object.hpp"

#include "core/qi/convert.hpp"
#include "core/qi/error_payload.hpp"
#include "localbus/object_table.hpp"

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

void answer(Connection& to, const qi::Header& call, const Result<Bytes>& result) {
  if (result)
    to.answer(call.id, call.address, MessageType::reply, *result);
  else
    to.answer(call.id, call.address, MessageType::error, qi::encodeErrorText(result.error().cause));
}

}  // namespace

Object::Object()
    : uid_(newObjectUid()),
      recorder_(std::make_shared<CallRecorder>([this](const EventTrace& event) {
        subscribers_.emit(qi::action::traceObject, SignalClass::event,
                          [&](const qi::ObjectFormat& format) { return qi::encode(std::tuple(event), format); });
      })),
      subscribers_(
          // As libqi: who subscribes to the trace switches it on. When nobody does any more it is as it was before,
          // unless somebody switched it off meanwhile.
          [this, wasOn = false](std::uint32_t signal, bool isWanted) mutable {
            if (signal != qi::action::traceObject) return;
            if (isWanted) wasOn = recorder_->isTraceEnabled();
            recorder_->enableTrace(isWanted || (wasOn && recorder_->isTraceEnabled()));
          }) {}

Object::~Object() { recorder_->end(); }

void Object::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const bool isCall = header.type == MessageType::call;
  const auto action = header.address.action;
  if (const auto method = metaObject_.methods.find(action); method != metaObject_.methods.end()) {
    if (action >= qi::firstUserAction) return invoke(from, message, method->second);
    const auto result = standardAction(from, message);
    if (isCall) answer(*from, header, result);
    return;
  }
  if (const auto signal = metaObject_.signals.find(action); !isCall && signal != metaObject_.signals.end())
    return relay(*from, message, signal->second);
  if (isCall)
    answer(*from, header,
           Error{Code::unknownMember,
                 "No such method {" + std::to_string(header.address.service) + "." +
                     std::to_string(header.address.object) + "." + std::to_string(action) +
                     ", id:" + std::to_string(header.id) + "}",
                 {}});
}

void Object::invoke(const std::shared_ptr<Connection>& from, const qi::Message& message, const qi::MetaMethod& meta) {
  const auto& header = message.header;
  const auto format = from->format(header.address.service);
  ByteView arguments = message.payload;
  Bytes converted;
  std::optional<Signature> wanted;
  if (header.flags & (qi::flags::dynamicPayload | qi::flags::returnType)) {
    // References stay as they are: the method's own decoder takes the objects.
    auto flagged = readFlagged(message, Signature::of(meta.parametersSignature), format.plain());
    if (!flagged) {
      if (header.type == MessageType::call) answer(*from, header, flagged.error());
      return;
    }
    converted = qi::encodeValue(flagged->arguments, format.plain());
    arguments = converted;
    wanted = std::move(flagged->wanted);
  }
  Responder respond(waitingCaller(from, header, meta.returnSignature, std::move(wanted)));
  if (from->objects().isFull() && Signature::of(meta.returnSignature).mayHoldObjects())
    return respond(ObjectTable::fullError());
  Invocation call{Caller{from->id(), from->principal()}, arguments, format, std::move(respond)};
  const auto& method = methods_.at(header.address.action);
  try {
    if (recorder_->isActive())
      recorder_->record(method, meta, std::move(call));
    else
      method(std::move(call));
  } catch (const std::exception& thrown) {  // its responder has answered that there is no answer
    from->log()->error("method {} threw: {}", meta.name, thrown.what());
  }
}

// A peer posts to a signal: everybody who listens gets it, if it is what the signal carries.
void Object::relay(const Connection& from, const qi::Message& message, const qi::MetaSignal& meta) {
  const auto posted = readFlagged(message, Signature::of(meta.signature), from.format(message.header.address.service));
  if (posted)
    return emit(meta.uid, [&](const qi::ObjectFormat& format) { return qi::encodeValue(posted->arguments, format); });
  from.log()->warn("{} posted to signal {} what it does not carry: {}", from.peer(), meta.name, posted.error().cause);
}

Result<Bytes> Object::standardAction(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto format = from->format(message.header.address.service);
  switch (message.header.address.action) {
    case qi::action::registerEvent:
    case qi::action::registerEventWithSignature:
      return subscribers_.add(from, message, metaObject_);
    case qi::action::unregisterEvent:
      return subscribers_.remove(*from, message);
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
    case qi::action::terminate:
      return Error{Code::refused, "a service's main object cannot be terminated", {}};
    default:
      return recorderAction(message);
  }
}

Result<Bytes> Object::recorderAction(const qi::Message& message) {
  const auto isEnabled = qi::decode<bool>(message.payload);
  switch (message.header.address.action) {
    case qi::action::isStatsEnabled:
      return qi::encode(recorder_->isStatsEnabled());
    case qi::action::stats:
      return qi::encode(recorder_->stats());
    case qi::action::clearStats:
      recorder_->clearStats();
      return Bytes();
    case qi::action::isTraceEnabled:
      return qi::encode(recorder_->isTraceEnabled());
    case qi::action::enableStats:
      if (!isEnabled) return unreadableArguments(isEnabled.error());
      recorder_->enableStats(*isEnabled);
      return Bytes();
    default:  // enableTrace
      if (!isEnabled) return unreadableArguments(isEnabled.error());
      recorder_->enableTrace(*isEnabled);
      return Bytes();
  }
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

void Object::released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) {
  subscribers_.released(connection, service, object);
}

const std::shared_ptr<AnyDirectMethod>* Object::direct(std::uint32_t action) const {
  const auto found = directMethods_.find(action);
  return found == directMethods_.end() ? nullptr : &found->second;
}

void Object::emit(std::uint32_t signal, const Subscribers::Encode& arguments) {
  const auto kind = classes_.find(signal);
  subscribers_.emit(signal, kind == classes_.end() ? SignalClass::event : kind->second, arguments);
  if (recorder_->isTraceEnabled()) recorder_->recordSignal(metaObject_.signals.at(signal), arguments({}));
}

}  // namespace beckon::localbus
