#include "localbus/remote_object.hpp"

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
  if (!signals_.empty()) connection_->listen(service_, object_, nullptr);
  // The argument means nothing; libqi sends the service.
  if (object_ != qi::mainObject) connection_->post({service_, object_, qi::action::terminate}, qi::encode(service_));
}

Value RemoteObject::value() {
  return qi::ObjectRef{metaObject_, qi::ObjectRef::notCached, service_, object_, uid_, shared_from_this()};
}

std::uint32_t RemoteObject::callAction(std::uint32_t action, qi::ByteView arguments, Duration timeout,
                                       AnswerHandler handler, std::uint8_t flags) {
  return connection_->call({service_, object_, action}, arguments, timeout, std::move(handler), flags);
}

void RemoteObject::postAction(std::uint32_t action, qi::ByteView arguments) {
  connection_->post({service_, object_, action}, arguments);
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

Result<const qi::MetaMethod*> RemoteObject::exactly(const std::string& name, std::string_view parameters,
                                                    std::string_view returns) const {
  const auto wantedParameters = Signature::of(parameters);
  const auto wantedReturns = Signature::of(returns);
  bool known = false;
  for (const auto& [uid, method] : metaObject_->methods) {
    if (method.name != name) continue;
    known = true;
    const auto has = Signature::parse(method.parametersSignature);
    const auto gives = Signature::parse(method.returnSignature);
    if (has && gives && has->sameType(wantedParameters) && gives->sameType(wantedReturns)) return &method;
  }
  const std::string shown = name + "::" + std::string(returns) + std::string(parameters);
  if (known) return Error{Code::badArguments, name_ + " has no " + shown, "list its members with the verb info"};
  return Error{Code::unknownMember, name_ + " has no method \"" + name + "\"",
               "its methods: " + visibleNames(metaObject_->methods)};
}

asio::awaitable<Result<Value>> RemoteObject::callForValue(std::uint32_t action, qi::Bytes arguments, Signature returns,
                                                          Duration timeout) {
  auto result = co_await awaiting<Result<Value>>([&](auto done) {
    callAction(action, arguments, timeout, [done = std::move(done), returns](Result<Answer> answer) mutable {
      if (!answer) return done(answer.error());
      const bool isDynamic = answer->flags & qi::flags::dynamicPayload;
      done(isDynamic ? qi::decode<Value>(answer->payload, answer->format)
                     : qi::decodeValue(answer->payload, returns, answer->format));
    });
  });
  if (!result) co_return explain(result.error());
  co_return result;
}

asio::awaitable<Result<Value>> RemoteObject::call(std::string method, std::size_t given, Fit fit, Duration timeout) {
  const auto self = shared_from_this();
  auto choice = choose(method, given, fit);
  if (!choice) co_return choice.error();
  const auto returns = Signature::parse(choice->method->returnSignature);
  if (!returns) co_return returns.error();
  co_return co_await callForValue(choice->method->uid, qi::encodeValue(choice->arguments, argumentFormat()),
                                  *returns, timeout);
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
  const auto done = co_await callForValue(qi::action::setProperty, qi::encode(arguments, argumentFormat()),
                                          Signature(), timeout);
  if (!done) co_return done.error();
  co_return Result<>();
}

Result<const qi::MetaSignal*> RemoteObject::signal(const std::string& name) const {
  if (const auto* meta = metaObject_->findSignal(name)) return meta;
  return Error{Code::unknownMember, name_ + " has no signal or property \"" + name + "\"",
               "its signals: " + visibleNames(metaObject_->signals)};
}

asio::awaitable<Result<std::shared_ptr<RemoteObject::Subscription>>> RemoteObject::subscribe(std::string signal,
                                                                                             EventHandler handler,
                                                                                             Duration timeout) {
  const auto self = shared_from_this();
  const auto meta = this->signal(signal);
  if (!meta) co_return meta.error();
  const auto uid = (*meta)->uid;
  if (signals_.empty())
    connection_->listen(service_, object_, [weak = weak_from_this()](const qi::Message& message) {
      if (const auto object = weak.lock()) object->received(message);
    });
  auto& registration = signals_[uid];
  const auto key = ++lastKey_;
  auto subscription = std::make_shared<Subscription>(weak_from_this(), uid, key);
  registration.handlers[key] = std::move(handler);
  if (registration.isRegistered) co_return subscription;
  // As libqi does: the signal above, a counter below. Who comes while the first is asking asks again with the same
  // link, which the peer takes for one registration.
  if (!registration.link) registration.link = (std::uint64_t{uid} << 32) | connection_->newLink();
  const std::tuple<std::uint32_t, std::uint32_t, std::uint64_t> arguments(service_, uid, registration.link);
  const auto done =
      co_await callForValue(qi::action::registerEvent, qi::encode(arguments), Signature::of("L"), timeout);
  if (!done) co_return done.error();
  if (const auto still = signals_.find(uid); still != signals_.end()) still->second.isRegistered = true;
  co_return subscription;
}

void RemoteObject::received(const qi::Message& message) {
  const auto signal = signals_.find(message.header.address.action);
  const auto meta = metaObject_->signals.find(message.header.address.action);
  if (signal == signals_.end() || meta == metaObject_->signals.end()) return;
  const auto type = Signature::parse(meta->second.signature);
  if (!type) return;
  const bool isDynamic = message.header.flags & qi::flags::dynamicPayload;
  const auto format = connection_->format(service_);
  const auto value =
      isDynamic ? qi::decode<Value>(message.payload, format) : qi::decodeValue(message.payload, *type, format);
  if (!value)
    return connection_->log()->warn("{}: event {} cannot be read: {}", name_, meta->second.name, value.error().cause);
  const auto self = shared_from_this();
  const auto handlers = signal->second.handlers;
  for (const auto& [key, handler] : handlers) {
    // A handler may have ended its own subscription or another.
    const auto still = signals_.find(message.header.address.action);
    if (still != signals_.end() && still->second.handlers.contains(key)) handler(value->inner());
  }
}

void RemoteObject::unsubscribe(std::uint32_t signal, std::uint64_t key) {
  const auto found = signals_.find(signal);
  if (found == signals_.end() || !found->second.handlers.erase(key) || !found->second.handlers.empty()) return;
  const std::tuple<std::uint32_t, std::uint32_t, std::uint64_t> arguments(service_, signal, found->second.link);
  signals_.erase(found);
  if (connection_->isReady())
    callAction(qi::action::unregisterEvent, qi::encode(arguments), defaultTimeout, [](Result<Answer>) {});
  if (signals_.empty()) connection_->listen(service_, object_, nullptr);
}

RemoteObject::Subscription::~Subscription() {
  if (const auto object = object_.lock()) object->unsubscribe(signal_, key_);
}

}  // namespace beckon::localbus
