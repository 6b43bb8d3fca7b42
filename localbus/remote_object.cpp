#include "localbus/remote_object.hpp"

#include "localbus/bound_object.hpp"

#include <algorithm>
#include <set>

namespace beckon::localbus {

using qi::Signature;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

namespace {

// The names that a listing would show, for an error's next step.
template <class Members>
std::string visibleNames(const Members& members) {
  std::set<std::string> names;
  for (const auto& [uid, member] : members)
    if (!qi::isHidden(uid, member.name)) names.insert(member.name);
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

std::size_t argumentCount(const Value& arguments) {
  const auto* tuple = arguments.as<qi::Tuple>();
  return tuple ? tuple->items.size() : 0;
}

Result<Value> readAnswer(const Answer& answer, const Signature& returns) {
  if (answer.flags & qi::flags::dynamicPayload) return qi::decode<Value>(answer.payload, answer.format);
  return qi::decodeValue(answer.payload, returns, answer.format);
}

// Each argument converted to its parameter.
RemoteObject::Fit fitTuple(Value arguments) {
  return [arguments = std::move(arguments)](const Signature& parameters) -> Result<Value> {
    qi::Tuple converted;
    const auto* tuple = arguments.as<qi::Tuple>();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      auto argument = qi::convert(tuple->items[i], parameters[i]);
      if (!argument)
        return Error{argument.error().code, "argument " + std::to_string(i + 1) + ": " + argument.error().cause, {}};
      converted.items.push_back(std::move(*argument));
    }
    return Value(std::move(converted));
  };
}

}  // namespace

asio::awaitable<Result<std::shared_ptr<RemoteObject>>> RemoteObject::open(std::shared_ptr<Connection> connection,
                                                                          std::uint32_t service, std::string name,
                                                                          Duration timeout) {
  auto object = std::make_shared<RemoteObject>(std::move(connection), service, qi::mainObject, std::move(name),
                                               std::make_shared<const qi::MetaObject>());
  auto fetched = co_await awaiting<Result<qi::MetaObject>>([&](auto done) {
    object->callAction(qi::action::metaObject, qi::encode(std::uint32_t{0}), timeout,
                       [done = std::move(done)](Result<Answer> answer) mutable {
                         done(answer ? qi::decode<qi::MetaObject>(answer->payload, answer->format)
                                     : Result<qi::MetaObject>(answer.error()));
                       });
  });
  if (!fetched) co_return object->explain(fetched.error());
  object->metaObject_ = std::make_shared<const qi::MetaObject>(std::move(*fetched));
  co_return object;
}

RemoteObject::RemoteObject(std::shared_ptr<Connection> connection, std::uint32_t service, std::uint32_t object,
                           std::string name, std::shared_ptr<const qi::MetaObject> metaObject, const qi::ObjectUid& uid)
    : connection_(std::move(connection)),
      service_(service),
      object_(object),
      name_(std::move(name)),
      metaObject_(std::move(metaObject)),
      uid_(uid) {}

RemoteObject::~RemoteObject() {
  if (!registrations_.empty()) connection_->listen(service_, object_, nullptr);
  // The argument means nothing; libqi sends the service.
  if (object_ != qi::mainObject) connection_->post({service_, object_, qi::action::terminate}, qi::encode(service_));
}

Value RemoteObject::value() {
  return qi::ObjectRef{metaObject_, qi::ObjectRef::notCached, service_, object_, uid_, shared_from_this()};
}

std::uint32_t RemoteObject::callAction(std::uint32_t action, const Payload& arguments, Duration timeout,
                                       AnswerHandler handler, std::uint8_t flags, Reading reading) {
  return connection_->call({service_, object_, action}, arguments, timeout, std::move(handler), flags, reading);
}

void RemoteObject::postAction(std::uint32_t action, const Payload& arguments) {
  connection_->post({service_, object_, action}, arguments);
}

void RemoteObject::takeBack(const std::function<bool(std::uint32_t member)>& which) {
  const auto isSet = [&](qi::ByteView arguments) {
    return std::ranges::any_of(metaObject_->properties, [&](const auto& property) {
      const auto named = qi::encode(qi::dynamic(property.first));
      return named.size() <= arguments.size() && std::ranges::equal(named, arguments.first(named.size())) &&
             which(property.first);
    });
  };
  connection_->takeBack([&](const qi::Message& message) {
    const auto& to = message.header.address;
    if (to.service != service_ || to.object != object_) return false;
    if (to.action == qi::action::setProperty) return isSet(message.payload);
    return to.action >= qi::firstUserAction && which(to.action);
  });
}

Error RemoteObject::explain(const Error& error) const {
  if (error.code == Code::connectionLost)
    return {Code::serviceGone, name_ + " ended before it answered (" + error.cause + ")",
            "wait until the verb services lists it again"};
  if (error.code == Code::timedOut)
    return {Code::timedOut, name_ + " did not answer before the deadline",
            "check that it is not stuck, or allow more with --timeout"};
  if (error.code == Code::callFailed)
    return {Code::callFailed, name_ + " answered: " + error.cause, "list its members with the verb info"};
  return error;
}

Result<RemoteObject::Choice> RemoteObject::choose(const std::string& method, std::size_t given, const Fit& fit) const {
  const std::string wanted = method.substr(0, method.find("::"));
  const bool exact = wanted.size() != method.size();
  std::optional<Error> closest;
  for (const auto& [uid, candidate] : metaObject_->methods) {
    if (candidate.name != wanted) continue;
    if (exact && method != candidate.name + "::" + candidate.parametersSignature) continue;
    const auto parameters = Signature::parse(candidate.parametersSignature);
    if (!parameters) continue;
    const std::string next = "call " + name_ + "." + candidate.name + candidate.parametersSignature;
    if (given != parameters->size()) {
      if (!closest)
        closest = Error{Code::badArguments,
                        std::string(given < parameters->size() ? "too few" : "too many") + " arguments: " +
                            std::to_string(given) + " given, " + std::to_string(parameters->size()) + " wanted",
                        next};
      continue;
    }
    auto arguments = fit(*parameters);
    if (arguments) return Choice{&candidate, std::move(*arguments)};
    closest = Error{arguments.error().code, arguments.error().cause, next};
  }
  if (closest) return *closest;
  return Error{Code::unknownMember, name_ + " has no method \"" + method + "\"",
               "its methods: " + visibleNames(metaObject_->methods)};
}

Result<RemoteObject::TypedMethod> RemoteObject::typed(const std::string& name, const Signature& parameters,
                                                      const Signature& returns) const {
  std::shared_ptr<const Conversion> conversion;
  std::uint32_t converted = 0;
  bool isKnown = false;
  for (const auto& [uid, method] : metaObject_->methods) {
    if (method.name != name) continue;
    isKnown = true;
    const auto has = Signature::parse(method.parametersSignature);
    const auto gives = Signature::parse(method.returnSignature);
    if (!has || !gives) continue;
    if (has->sameType(parameters) && gives->sameType(returns)) {
      TypedMethod found{uid, nullptr, nullptr};
      // An object in a value has its life on a connection: it takes a message.
      if (const auto* target = connection_->hosted(service_, object_);
          target && !parameters.mayHoldObjects() && !returns.mayHoldObjects())
        if (const auto* direct = target->direct(uid)) found.direct = *direct;
      return found;
    }
    if (conversion || !qi::mayConvert(parameters, *has) || !qi::mayConvert(*gives, returns)) continue;
    conversion = std::make_shared<const Conversion>(Conversion{*has, *gives, returns});
    converted = uid;
  }
  if (conversion) return TypedMethod{converted, conversion, nullptr};
  const std::string shown = name + "::" + returns.text() + parameters.text();
  if (isKnown) return Error{Code::badArguments, name_ + " has no " + shown, "list its members with the verb info"};
  return Error{Code::unknownMember, name_ + " has no method \"" + name + "\"",
               "its methods: " + visibleNames(metaObject_->methods)};
}

bool RemoteObject::mayGoStraight(const TypedMethod& method) const {
  const auto* target = connection_->straightTo(service_, object_);
  if (!target || target->isRecorded()) return false;
  const auto* direct = target->direct(method.action);
  return direct && *direct == method.direct;
}

Error RemoteObject::told(const std::exception& thrown, std::uint32_t action) const {
  connection_->log()->error("method {} threw: {}", metaObject_->methods.at(action).name, thrown.what());
  return {Code::callFailed, "the service gave no answer", {}};
}

void RemoteObject::callConverted(std::uint32_t action, const Value& arguments,
                                 const std::shared_ptr<const Conversion>& types, Duration timeout,
                                 run::UniqueFunction<void(Result<Value>)> handler) {
  const bool hasFlags = connection_->capabilities().remote(qi::capability::messageFlags);
  const auto fitting = qi::convert(arguments, types->parameters);
  if (!fitting && !hasFlags) {
    auto refuse = [handler = std::move(handler), error = fitting.error()]() mutable { handler(error); };
    return asio::post(connection_->executor(), std::move(refuse));
  }
  std::uint8_t flags = 0;
  qi::Writer writer(argumentFormat());
  if (fitting) {
    qi::writeValue(writer, *fitting);
  } else {  // as libqi: perhaps the peer can
    flags |= qi::flags::dynamicPayload;
    qi::writeValue(writer, qi::dynamic(arguments));
  }
  if (hasFlags && !types->returns.sameType(types->wanted)) {
    flags |= qi::flags::returnType;
    writer.string(types->wanted.text());
  }
  callAction(
      action, writer.bytes(), timeout,
      [types, handler = std::move(handler)](Result<Answer> answer) mutable {
        if (!answer) return handler(answer.error());
        handler(readAnswer(*answer, types->returns));
      },
      flags);
}

asio::awaitable<Result<Value>> RemoteObject::callForValue(std::uint32_t action, qi::Bytes arguments, Signature returns,
                                                          Duration timeout) {
  // To cancel the coroutine is to cancel the call, which then ends as the peer decides.
  auto cancelled = (co_await asio::this_coro::cancellation_state).slot();
  auto result = co_await awaiting<Result<Value>>([&](auto done) {
    const auto call =
        callAction(action, arguments, timeout, [done = std::move(done), returns](Result<Answer> answer) mutable {
          if (!answer) return done(answer.error());
          done(readAnswer(*answer, returns));
        });
    if (cancelled.is_connected())
      cancelled.assign([connection = connection_, call](asio::cancellation_type) { connection->cancel(call); });
  });
  if (cancelled.is_connected()) cancelled.clear();
  if (!result) co_return explain(result.error());
  co_return result;
}

asio::awaitable<Result<Value>> RemoteObject::call(std::string method, std::size_t given, Fit fit, Duration timeout) {
  const auto self = shared_from_this();
  auto choice = choose(method, given, fit);
  if (!choice) co_return choice.error();
  const auto returns = Signature::parse(choice->method->returnSignature);
  if (!returns) co_return returns.error();
  co_return co_await callForValue(choice->method->uid, qi::encodeValue(choice->arguments, argumentFormat()), *returns,
                                  timeout);
}

asio::awaitable<Result<Value>> RemoteObject::call(std::string method, Value arguments, Duration timeout) {
  const std::size_t given = argumentCount(arguments);
  return call(std::move(method), given, fitTuple(std::move(arguments)), timeout);
}

Result<> RemoteObject::post(const std::string& method, const Value& arguments) {
  return post(method, argumentCount(arguments), fitTuple(arguments));
}

Result<> RemoteObject::post(const std::string& method, std::size_t given, const Fit& fit) {
  const auto choice = choose(method, given, fit);
  if (!choice && choice.error().code == Code::unknownMember) {
    const auto* signal = metaObject_->findSignal(method);
    const auto type = signal ? Signature::parse(signal->signature) : Result<Signature>(choice.error());
    if (!type) return type.error();
    const auto arguments =
        type->size() == given ? fit(*type) : Error{Code::badArguments, method + " carries " + type->text(), {}};
    if (!arguments) return arguments.error();
    postAction(signal->uid, qi::encodeValue(*arguments, argumentFormat()));
    return {};
  }
  if (!choice) return choice.error();
  postAction(choice->method->uid, qi::encodeValue(choice->arguments, argumentFormat()));
  return {};
}

asio::awaitable<Result<Value>> RemoteObject::property(std::string property, Duration timeout) {
  const auto self = shared_from_this();
  const auto* meta = metaObject_->findProperty(property);
  if (!meta)
    co_return Error{Code::unknownMember, name_ + " has no property \"" + property + "\"",
                    "its properties: " + visibleNames(metaObject_->properties)};
  auto value =
      co_await callForValue(qi::action::property, qi::encode(qi::dynamic(meta->uid)), Signature::of("m"), timeout);
  if (!value) co_return value;
  co_return Value(value->inner());
}

asio::awaitable<Result<>> RemoteObject::setProperty(std::string property, Value value, Duration timeout) {
  const auto self = shared_from_this();
  const auto* meta = metaObject_->findProperty(property);
  if (!meta)
    co_return Error{Code::unknownMember, name_ + " has no property \"" + property + "\"",
                    "its properties: " + visibleNames(metaObject_->properties)};
  const auto type = Signature::parse(meta->signature);
  if (!type) co_return type.error();
  const auto fitting = qi::convert(value, *type);
  if (!fitting) co_return fitting.error();
  const std::tuple<Value, Value> arguments(qi::dynamic(meta->uid), qi::dynamic(*fitting));
  const auto done =
      co_await callForValue(qi::action::setProperty, qi::encode(arguments, argumentFormat()), Signature(), timeout);
  if (!done) co_return done.error();
  co_return Result<>();
}

Result<const qi::MetaSignal*> RemoteObject::signal(const std::string& name) const {
  if (const auto* meta = metaObject_->findSignal(name)) return meta;
  return Error{Code::unknownMember, name_ + " has no signal or property \"" + name + "\"",
               "its signals: " + visibleNames(metaObject_->signals)};
}

}  // namespace beckon::localbus
