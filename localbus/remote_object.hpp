#pragma once

#include "core/qi/convert.hpp"
#include "localbus/awaiting.hpp"
#include "localbus/direct_method.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>

namespace beckon::localbus {

class RemoteObject;

// A method of a remote object, looked up once; calling it builds no dynamic value.
template <class Signature>
class Method;

// An object of a peer, called by the names in its meta object: a service's own, or one that came in a value, which the
// peer is told to terminate when this ends. Keeps its connection alive. Lives on the connection's executor.
class RemoteObject : public qi::LiveObject, public std::enable_shared_from_this<RemoteObject> {
 public:
  // For calls that do not say how long they may take.
  static constexpr Duration defaultTimeout = std::chrono::seconds(30);

  // Fetches the meta object. `name` is what errors call the object.
  static asio::awaitable<run::Result<std::shared_ptr<RemoteObject>>> open(std::shared_ptr<Connection> connection,
                                                                          std::uint32_t service, std::string name,
                                                                          Duration timeout = defaultTimeout);
  // With a meta object that is known already.
  RemoteObject(std::shared_ptr<Connection> connection, std::uint32_t service, std::uint32_t object, std::string name,
               std::shared_ptr<const qi::MetaObject> metaObject, const qi::ObjectUid& uid = {});
  ~RemoteObject() override;

  const qi::MetaObject& metaObject() const { return *metaObject_; }
  // Zero where the peer did not tell it.
  const qi::ObjectUid& uid() const { return uid_; }
  // This object as an argument or result of other calls.
  qi::Value value();
  // How its arguments are encoded.
  qi::ObjectFormat argumentFormat() const { return connection_->format(service_, true); }
  const std::string& name() const { return name_; }
  std::uint32_t service() const { return service_; }
  // Service and object.
  std::pair<std::uint32_t, std::uint32_t> address() const { return {service_, object_}; }
  const std::shared_ptr<Connection>& connection() const { return connection_; }

  // `method` is a name or a full name with parameters, "say::(s)"; among overloads the first whose parameters
  // the arguments (a Tuple) fit is taken. Errors: unknownMember, badArguments, callFailed with the
  // service's own text, serviceGone, timedOut.
  asio::awaitable<run::Result<qi::Value>> call(std::string method, qi::Value arguments,
                                               Duration timeout = defaultTimeout);
  // The same with `given` arguments in a form of their own: `fit` makes the Tuple that the parameters of one
  // overload ask for, or says why not.
  using Fit = std::function<run::Result<qi::Value>(const qi::Signature& parameters)>;
  asio::awaitable<run::Result<qi::Value>> call(std::string method, std::size_t given, Fit fit,
                                               Duration timeout = defaultTimeout);
  // Sends without waiting; errors of the service are not told. To a signal: the service emits it.
  run::Result<> post(const std::string& method, const qi::Value& arguments);
  run::Result<> post(const std::string& method, std::size_t given, const Fit& fit);

  asio::awaitable<run::Result<qi::Value>> property(std::string property, Duration timeout = defaultTimeout);
  asio::awaitable<run::Result<>> setProperty(std::string property, qi::Value value, Duration timeout = defaultTimeout);

  // Each event of a signal or property, as a Tuple, until the subscription is destroyed or the connection ends.
  // One registration on the wire serves all subscriptions of one signal.
  using EventHandler = std::function<void(const qi::Value&)>;
  class Subscription {
   public:
    Subscription(std::weak_ptr<RemoteObject> object, std::string registration, std::uint64_t key)
        : object_(std::move(object)), registration_(std::move(registration)), key_(key) {}
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    std::weak_ptr<RemoteObject> object_;
    std::string registration_;
    std::uint64_t key_;
  };
  asio::awaitable<run::Result<std::shared_ptr<Subscription>>> subscribe(std::string signal, EventHandler handler,
                                                                        Duration timeout = defaultTimeout);
  // The same with events as another tuple: the peer converts them if it can (action 8), otherwise we do; an event that
  // cannot be converted is dropped with a line in the log.
  asio::awaitable<run::Result<std::shared_ptr<Subscription>>> subscribeAs(std::string signal, qi::Signature wanted,
                                                                          EventHandler handler,
                                                                          Duration timeout = defaultTimeout);
  // Each event of the signal of that number as it stands in the message, which is valid until the handler returns.
  using MessageHandler = std::function<void(const qi::Message&)>;
  asio::awaitable<run::Result<std::shared_ptr<Subscription>>> subscribeToMessages(std::uint32_t signal,
                                                                                  MessageHandler handler,
                                                                                  Duration timeout = defaultTimeout);
  // What it would subscribe to. Error: unknownMember.
  run::Result<const qi::MetaSignal*> signal(const std::string& name) const;

  // The method of that name and these types, or else one whose types can be converted: by us, or by the peer where we
  // cannot. `timeout` is for calls that are awaited. Error unknownMember or badArguments.
  template <class Signature>
  run::Result<Method<Signature>> method(const std::string& name, Duration timeout = defaultTimeout);

  // The raw call below all others; Connection::cancel takes its result.
  std::uint32_t callAction(std::uint32_t action, const Payload& arguments, Duration timeout, AnswerHandler handler,
                           std::uint8_t flags = 0, Reading reading = Reading::copied);
  void postAction(std::uint32_t action, const Payload& arguments);
  // What has not left yet of calls and posts of those members of its own, and of their setting, never does
  // (Connection::takeBack), whoever has sent it by this connection.
  void takeBack(const std::function<bool(std::uint32_t member)>& which);

 private:
  template <class Signature>
  friend class Method;

  asio::awaitable<run::Result<qi::Value>> callForValue(std::uint32_t action, qi::Bytes arguments, qi::Signature returns,
                                                       Duration timeout);
  // What the types of a typed method are called with that the peer declares otherwise.
  struct Conversion {
    qi::Signature parameters, returns;  // as declared
    qi::Signature wanted;               // the result
  };
  struct TypedMethod {
    std::uint32_t action;
    std::shared_ptr<const Conversion> conversion;  // null: the types are the same
    std::shared_ptr<AnyDirectMethod> direct;       // null: it takes a message
  };
  // Whether `method` may be called now as it is: its object is still there, and nothing is overtaken.
  bool mayGoStraight(const TypedMethod& method) const;
  // What the caller is told of what came of it, as if it had gone by messages.
  run::Error told(const run::Error& error) const { return {run::Code::callFailed, error.cause, {}}; }
  run::Error told(const std::exception& thrown, std::uint32_t action) const;
  void callConverted(std::uint32_t action, const qi::Value& arguments, const std::shared_ptr<const Conversion>& types,
                     Duration timeout, run::UniqueFunction<void(run::Result<qi::Value>)> handler);
  // The overload of `method` that these arguments fit, and the arguments converted to it.
  struct Choice {
    const qi::MetaMethod* method;
    qi::Value arguments;
  };
  run::Result<Choice> choose(const std::string& method, std::size_t given, const Fit& fit) const;
  run::Result<TypedMethod> typed(const std::string& name, const qi::Signature& parameters,
                                 const qi::Signature& returns) const;
  run::Error explain(const run::Error& error) const;
  struct Handler {  // one of them
    EventHandler event;
    MessageHandler message;
  };
  asio::awaitable<run::Result<std::shared_ptr<Subscription>>> registerFor(std::string signal,
                                                                          std::optional<qi::Signature> wanted,
                                                                          EventHandler handler, Duration timeout);
  asio::awaitable<run::Result<std::shared_ptr<Subscription>>> registerHandler(std::uint32_t signal,
                                                                              std::optional<qi::Signature> wanted,
                                                                              Handler handler, Duration timeout);
  void received(const qi::Message& message);
  void warnOfEvent(const run::Error& why) const;
  void pass(const qi::Message& message);
  void deliver(const std::string& registration, const qi::Value& event);
  void unsubscribe(const std::string& registration, std::uint64_t key);

  struct Registration {
    std::uint32_t signal = 0;
    std::optional<qi::Signature> wanted;
    std::uint64_t link = 0;  // the handler number that the peer knows
    bool isRegistered = false;
    std::map<std::uint64_t, Handler> handlers;
  };

  std::shared_ptr<Connection> connection_;
  std::uint32_t service_, object_;
  std::string name_;
  std::shared_ptr<const qi::MetaObject> metaObject_;
  qi::ObjectUid uid_;
  std::map<std::string, Registration> registrations_;  // by signal and wanted type
  std::uint64_t lastKey_ = 0;
};

// A method of a service in this process whose C++ types are the same is called by pointer: co_await on it runs the
// method before anything else happens, and goes on with its result (docs/design/015).
template <class R, class... Args>
class Method<R(Args...)> {
 public:
  Method(std::shared_ptr<RemoteObject> object, RemoteObject::TypedMethod method, Duration timeout)
      : target_(std::make_shared<const Target>(std::move(object), std::move(method), timeout)) {}

  // `handler(run::Result<R>)` is called once, later.
  template <class Handler>
  void call(Duration timeout, Handler handler, const Args&... args) const {
    const auto& [object, method, limit, direct] = *target_;
    if (method.conversion) return callConverted(timeout, std::move(handler), args...);
    const auto arguments = encodeArguments(object->argumentFormat(), args...);
    object->callAction(
        method.action, arguments.payload(), timeout,
        [handler = std::move(handler)](run::Result<Answer> answer) mutable {
          if (!answer) return handler(run::Result<R>(answer.error()));
          if constexpr (std::is_void_v<R>)
            handler(run::Result<R>());
          else
            handler(qi::decode<R>(answer->payload, answer->format));
        },
        0, qi::isReadInPlace<R> ? Reading::inPlace : Reading::copied);
  }
  asio::awaitable<run::Result<R>> operator()(Args... args) const {
    if (target_->direct) return straight(*this, std::move(args)...);
    return sent(std::move(args)...);
  }

 private:
  using Direct = DirectMethod<R(Args...)>;
  struct Target {
    Target(std::shared_ptr<RemoteObject> of, RemoteObject::TypedMethod typed, Duration limit)
        : object(std::move(of)),
          method(std::move(typed)),
          timeout(limit),
          direct(dynamic_cast<Direct*>(method.direct.get())) {}
    std::shared_ptr<RemoteObject> object;
    RemoteObject::TypedMethod method;
    Duration timeout;
    Direct* direct;  // part of `method`; null: other types, or none
  };

  asio::awaitable<run::Result<R>> sent(Args... args) const {
    return awaiting<run::Result<R>>([self = *this, args = std::tuple<Args...>(std::move(args)...)](auto done) mutable {
      std::apply([&](const Args&... each) { self.call(self.target_->timeout, std::move(done), each...); }, args);
    });
  }
  static asio::awaitable<run::Result<R>> straight(Method self, Args... args) {
    const auto& [object, method, limit, direct] = *self.target_;
    if (!object->mayGoStraight(method)) {
      auto sending = self.sent(std::move(args)...);
      co_return co_await std::move(sending);
    }
    auto result = self.callDirect(args...);
    if (!object->connection_->hasHandledAll()) {  // events that the method sent us come before its answer
      auto arriving = awaiting<run::Result<Answer>>(
          [&connection = *object->connection_](auto done) { connection.whenHandledAll(std::move(done)); });
      const auto arrived = co_await std::move(arriving);
      if (!arrived) co_return arrived.error();
    }
    co_return result;
  }
  run::Result<R> callDirect(Args&... args) const {
    const auto& [object, method, limit, direct] = *target_;
    try {
      auto result = direct->call({object->connection_->partnerId()}, args...);
      if (!result) return object->told(result.error());
      return result;
    } catch (const std::exception& thrown) {
      return object->told(thrown, method.action);
    }
  }
  template <class Handler>
  void callConverted(Duration timeout, Handler handler, const Args&... args) const {
    const auto& [object, method, limit, direct] = *target_;
    object->callConverted(method.action, qi::Tuple{{qi::toValue(args)...}, {}}, method.conversion, timeout,
                          [handler = std::move(handler)](run::Result<qi::Value> value) mutable {
                            if (!value) return handler(run::Result<R>(value.error()));
                            if constexpr (std::is_void_v<R>)
                              handler(run::Result<R>());
                            else
                              handler(qi::fromValue<R>(*value));
                          });
  }

  std::shared_ptr<const Target> target_;
};

namespace detail {
template <class Signature>
struct SignatureParts;
template <class R, class... Args>
struct SignatureParts<R(Args...)> {
  static constexpr std::string_view parameters = qi::signatureText<std::tuple<Args...>>();
  static constexpr std::string_view returns = qi::returnText<R>();
};
}  // namespace detail

template <class Signature>
run::Result<Method<Signature>> RemoteObject::method(const std::string& name, Duration timeout) {
  using Parts = detail::SignatureParts<Signature>;
  const auto found = typed(name, qi::Signature::of(Parts::parameters), qi::Signature::of(Parts::returns));
  if (!found) return found.error();
  return Method<Signature>(shared_from_this(), *found, timeout);
}

}  // namespace beckon::localbus
