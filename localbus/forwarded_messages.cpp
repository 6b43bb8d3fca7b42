#include "core/qi/convert.hpp"
#include "core/qi/error_payload.hpp"
#include "core/qi/object_exchange.hpp"
#include "core/qi/object_scan.hpp"
#include "localbus/forwarded_object.hpp"
#include "localbus/object_table.hpp"

// What passes through a ForwardedObject: arguments, results, events, and the objects in them.
namespace beckon::localbus {

using qi::Bytes;
using qi::MessageType;
using qi::Signature;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

namespace {

using StandIn = std::shared_ptr<BoundObject> (Guard::*)(std::shared_ptr<RemoteObject> object);

// The far side's objects, as they are given on this side.
class Crossing final : public qi::ObjectExchange {
 public:
  Crossing(Guard* guard, StandIn standIn, qi::ObjectFormat format)
      : guard_(guard), standIn_(standIn), format_(format) {}

  qi::ObjectFormat format() {
    auto out = format_;
    if (guard_) out.exchange = this;
    return out;
  }
  qi::ObjectRef give(const qi::ObjectRef& object, const qi::ObjectFormat&) override {
    auto out = object;
    if (auto proxy = std::dynamic_pointer_cast<RemoteObject>(object.live))
      out.live = (guard_->*standIn_)(std::move(proxy));
    return format_.exchange->give(out, format_);
  }
  Result<> take(qi::ObjectRef& object) override { return format_.exchange->take(object); }

 private:
  Guard* guard_;
  StandIn standIn_;
  qi::ObjectFormat format_;
};

Result<Value> readConverted(const Answer& answer, const Signature& returns) {
  if (!(answer.flags & qi::flags::dynamicPayload)) return qi::decodeValue(answer.payload, returns, answer.format);
  const auto value = qi::decode<Value>(answer.payload, answer.format);
  return value ? qi::convert(*value, returns) : value;
}

// Causes name addresses of the bus, which are nobody's business outside of it.
std::string toldOutside(const Error& error) {
  switch (error.code) {
    case Code::connectionLost:
    case Code::serviceGone:
      return "Service removed";
    case Code::timedOut:
      return "timed-out: the service did not answer in time";
    case Code::overloaded:
      return "overloaded: too much waits to be sent to the service";
    default:
      return error.cause;
  }
}

}  // namespace

std::shared_ptr<const ForwardedObject::Way> ForwardedObject::way(const qi::MetaMethod& meta) {
  auto& known = ways_[meta.uid];
  if (known) return known;
  // A peer may declare what is no signature: such a member cannot be used.
  const auto typed = [](const std::string& text, const char* otherwise) {
    auto parsed = Signature::parse(text);
    return parsed ? *parsed : Signature::of(otherwise);
  };
  Way made{meta.parametersSignature, meta.returnSignature, typed(meta.parametersSignature, "X"),
           typed(meta.returnSignature, "X")};
  made.parametersMayHold = made.parametersType.mayHoldObjects();
  made.returnsMayHold = made.returnsType.mayHoldObjects();
  return known = std::make_shared<const Way>(std::move(made));
}

void ForwardedObject::forward(const Passing& call, qi::ByteView payload) {
  constexpr std::uint8_t known = qi::flags::dynamicPayload | qi::flags::returnType;
  const auto flags = static_cast<std::uint8_t>(call.header.flags & known);
  const bool isDynamic = flags & qi::flags::dynamicPayload;
  const auto understood = [](const Connection& peer) {
    return peer.capabilities().remote(qi::capability::messageFlags);
  };
  bool passes = flags == 0 || (understood(*target_->connection()) && understood(*call.from));
  if (passes && (isDynamic || call.way->parametersMayHold)) {
    static const auto dynamic = Signature::of("m");
    const auto holds = qi::holdsObjects(payload, isDynamic ? dynamic : call.way->parametersType);
    if (!holds) {
      if (call.header.type == MessageType::call)
        call.from->answer(call.header.id, call.header.address, MessageType::error,
                          qi::encodeErrorText(unreadableArguments(holds.error()).cause));
      return;
    }
    passes = !*holds;
  }
  if (passes) return forwardAsItIs(call, payload, flags);
  forwardAnew(call, {call.header, payload});
}

void ForwardedObject::forwardAsItIs(const Passing& call, qi::ByteView payload, std::uint8_t flags) {
  const auto& connection = target_->connection();
  const auto [service, object] = target_->address();
  const qi::Address address{service, object, call.action};
  if (call.header.type == MessageType::post) return connection->post(address, payload, flags);
  const auto ticket = track(call);
  auto handler = [weak = weak_from_this(), from = std::weak_ptr(call.from), header = call.header, way = call.way,
                  ticket](const Result<Answer>& result) {
    const auto self = weak.lock();
    const auto to = from.lock();
    if ((self && !self->untrack(ticket)) || !to) return;
    to->onCancel(header.id, {});
    answer(self, to, header, *way, result);
  };
  // What is only passed on may be read where a peer of ours could change it meanwhile.
  const auto reading = call.way->returnsMayHold ? Reading::copied : Reading::inPlace;
  const auto sent = connection->call(address, payload, call.longest, std::move(handler), flags, reading);
  call.from->onCancel(call.header.id, [connection, sent] { connection->cancel(sent); });
  if (ticket)
    underWay_[ticket].end = [connection, sent, from = std::weak_ptr(call.from),
                             header = call.header](const std::string& why) {
      connection->cancel(sent);
      const auto to = from.lock();
      if (!to) return;
      to->onCancel(header.id, {});
      to->answer(header.id, header.address, MessageType::error, qi::encodeErrorText(why));
    };
}

void ForwardedObject::forwardAnew(const Passing& call, const qi::Message& message) {
  const auto& header = call.header;
  const auto& connection = target_->connection();
  const auto [service, object] = target_->address();
  const qi::Address address{service, object, call.action};
  auto flagged = readFlagged(message, call.way->parametersType, call.from->format(header.address.service));
  const bool isPost = header.type == MessageType::post;
  if (!flagged) {
    if (!isPost) Responder(waitingCaller(call.from, header, call.way->returns, std::nullopt))(flagged.error());
    return;
  }
  Crossing crossing(guard_.get(), &Guard::taken, target_->argumentFormat());
  if (isPost) return connection->post(address, qi::encodeValue(flagged->arguments, crossing.format()));
  const auto caller =
      std::make_shared<Responder>(waitingCaller(call.from, header, call.way->returns, std::move(flagged->wanted)));
  const auto ticket = track(call);
  auto handler = [self = shared_from_this(), caller, way = call.way, ticket](const Result<Answer>& result) {
    if (!self->untrack(ticket)) return;
    if (!result && result.error().code == Code::canceled) return caller->canceled();
    if (!result)
      return (*caller)(self->guard_ ? Error{result.error().code, toldOutside(result.error()), {}} : result.error());
    const auto value = readConverted(*result, way->returnsType);
    const auto format = caller->format();
    if (!value) return (*caller)(value.error());
    if (!format) return;
    Crossing back(self->guard_.get(), &Guard::given, *format);
    (*caller)(qi::encodeValue(*value, back.format()));
  };
  const auto sent = connection->call(address, qi::encodeValue(flagged->arguments, crossing.format()), call.longest,
                                     std::move(handler));
  caller->onCancel([connection, sent] { connection->cancel(sent); });
  if (ticket)
    underWay_[ticket].end = [connection, sent, caller](const std::string& why) {
      connection->cancel(sent);
      (*caller)(Error{Code::canceled, why, {}});
    };
}

// To a call that was forwarded as it is. `self` may have gone meanwhile.
void ForwardedObject::answer(const std::shared_ptr<ForwardedObject>& self, const std::shared_ptr<Connection>& to,
                             const qi::Header& call, const Way& way, const Result<Answer>& answer) {
  const auto fails = [&](const std::string& why) {
    to->answer(call.id, call.address, MessageType::error, qi::encodeErrorText(why));
  };
  if (!answer && answer.error().code == Code::canceled) {
    if (!to->capabilities().shared(qi::capability::remoteCancelableCalls)) return fails("Call has been canceled.");
    return to->answer(call.id, call.address, MessageType::canceled, {});
  }
  if (!answer) return fails(self && self->guard_ ? toldOutside(answer.error()) : answer.error().cause);
  const bool isDynamic = answer->flags & qi::flags::dynamicPayload;
  bool passes = !isDynamic || to->capabilities().remote(qi::capability::messageFlags);
  if (passes && (isDynamic || way.returnsMayHold)) {
    static const auto dynamic = Signature::of("m");
    const auto holds = qi::holdsObjects(answer->payload, isDynamic ? dynamic : way.returnsType);
    if (!holds) return fails(holds.error().cause);
    passes = !*holds;
  }
  if (passes) return to->answer(call.id, call.address, MessageType::reply, answer->payload, answer->flags);
  if (!self) return fails("Service removed");
  if (to->objects().isFull()) return fails(ObjectTable::fullError().cause);
  const auto value = isDynamic ? qi::decode<Value>(answer->payload, answer->format)
                               : qi::decodeValue(answer->payload, way.returnsType, answer->format);
  if (!value) return fails(value.error().cause);
  Crossing back(self->guard_.get(), &Guard::given, to->format(call.address.service));
  if (isDynamic && to->capabilities().remote(qi::capability::messageFlags))
    return to->answer(call.id, call.address, MessageType::reply, qi::encodeValue(*value, back.format()),
                      qi::flags::dynamicPayload);
  const auto fitting = qi::convert(*value, way.returnsType);
  if (!fitting) return fails(fitting.error().cause);
  to->answer(call.id, call.address, MessageType::reply, qi::encodeValue(*fitting, back.format()));
}

void ForwardedObject::emit(std::uint32_t signal, const qi::Message& event) {
  const auto& meta = metaObject();
  const auto declared = meta.signals.find(signal);
  if (declared == meta.signals.end()) return;
  const auto kind = meta.properties.contains(signal) ? SignalClass::state : SignalClass::event;
  const auto type = Signature::parse(declared->second.signature);
  if (!type) return;
  const auto holds = type->mayHoldObjects() ? qi::holdsObjects(event.payload, *type) : Result<bool>(false);
  if (!holds)
    return target_->connection()->log()->warn("{}: an event cannot be read: {}", target_->name(), holds.error().cause);
  if (!*holds)
    return subscribers_.emit(
        signal, kind, [&](const qi::ObjectFormat&) { return Bytes(event.payload.begin(), event.payload.end()); });
  const auto value = qi::decodeValue(event.payload, *type, target_->connection()->format(target_->service()));
  if (!value) return;
  subscribers_.emit(signal, kind, [&](const qi::ObjectFormat& format) {
    Crossing crossing(guard_.get(), &Guard::given, format);
    return qi::encodeValue(*value, format.exchange ? crossing.format() : format);
  });
}

}  // namespace beckon::localbus
