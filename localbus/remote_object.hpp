#pragma once

#include "core/qi/convert.hpp"
#include "localbus/awaiting.hpp"
#include "localbus/connection.hpp"

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
  // Sends without waiting; errors of the service are not told.
  run::Result<> post(const std::string& method, const qi::Value& arguments);
  run::Result<> post(const std::string& method, std::size_t given, const Fit& fit);

  asio::awaitable<run::Result<qi::Value>> property(std::string property, Duration timeout = defaultTimeout);
  asio::awaitable<run::Result<>> setProperty(std::string property, qi::Value value, Duration timeout = defaultTimeout);

  // Each event of a signal or property, as a Tuple, until the subscription is destroyed or the connection ends.
  // One registration on the wire serves all subscriptions of one signal.
  using EventHandler = std::function<void(const qi::Value&)>;
  class Subscription {
   public:
    Subscription(std::weak_ptr<RemoteObject> object, std::uint32_t signal, std::uint64_t key)
        : object_(std::move(object)), signal_(signal), key_(key) {}
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    std::weak_ptr<RemoteObject> object_;
    std::uint32_t signal_;
    std::uint64_t key_;
  };
  asio::awaitable<run::Result<std::shared_ptr<Subscription>>> subscribe(std::string signal, EventHandler handler,
                                                                        Duration timeout = defaultTimeout);
  // What it would subscribe to. Error: unknownMember.
  run::Result<const qi::MetaSignal*> signal(const std::string& name) const;

  // The method of that name and exactly these types; error unknownMember or badArguments otherwise.
  template <class Signature>
  run::Result<Method<Signature>> method(const std::string& name);

  // The raw call below all others; Connection::cancel takes its result.
  std::uint32_t callAction(std::uint32_t action, qi::ByteView arguments, Duration timeout, AnswerHandler handler,
                           std::uint8_t flags = 0);
  void postAction(std::uint32_t action, qi::ByteView arguments);

 private:
  asio::awaitable<run::Result<qi::Value>> callForValue(std::uint32_t action, qi::Bytes arguments, qi::Signature returns,
                                                       Duration timeout);
  // The overload of `method` that these arguments fit, and the arguments converted to it.
  struct Choice {
    const qi::MetaMethod* method;
    qi::Value arguments;
  };
  run::Result<Choice> choose(const std::string& method, std::size_t given, const Fit& fit) const;
  run::Result<const qi::MetaMethod*> exactly(const std::string& name, std::string_view parameters,
                                             std::string_view returns) const;
  run::Error explain(const run::Error& error) const;
  void received(const qi::Message& message);
  void unsubscribe(std::uint32_t signal, std::uint64_t key);

  struct Signal {
    std::uint64_t link = 0;  // the handler number that the peer knows
    bool isRegistered = false;
    std::map<std::uint64_t, EventHandler> handlers;
  };

  std::shared_ptr<Connection> connection_;
  std::uint32_t service_, object_;
  std::string name_;
  std::shared_ptr<const qi::MetaObject> metaObject_;
  qi::ObjectUid uid_;
  std::map<std::uint32_t, Signal> signals_;
  std::uint64_t lastKey_ = 0;
};

template <class R, class... Args>
class Method<R(Args...)> {
 public:
  Method(std::shared_ptr<RemoteObject> object, std::uint32_t action) : object_(std::move(object)), action_(action) {}

  // `handler(run::Result<R>)` is called once, later.
  template <class Handler>
  void call(Duration timeout, Handler handler, const Args&... args) const {
    object_->callAction(action_, qi::encodeAll(object_->argumentFormat(), args...), timeout,
                        [handler = std::move(handler)](run::Result<Answer> answer) mutable {
                          if (!answer) return handler(run::Result<R>(answer.error()));
                          if constexpr (std::is_void_v<R>)
                            handler(run::Result<R>());
                          else if (answer->flags & qi::flags::dynamicPayload)
                            handler(fromDynamic(*answer));
                          else
                            handler(qi::decode<R>(answer->payload, answer->format));
                        });
  }
  asio::awaitable<run::Result<R>> operator()(Args... args) const {
    return awaiting<run::Result<R>>([self = *this, args = std::tuple<Args...>(std::move(args)...)](auto done) mutable {
      std::apply([&](const Args&... each) { self.call(RemoteObject::defaultTimeout, std::move(done), each...); }, args);
    });
  }

 private:
  static run::Result<R> fromDynamic(const Answer& answer) requires(!std::is_void_v<R>) {
    const auto value = qi::decode<qi::Value>(answer.payload, answer.format);
    return value ? qi::fromValue<R>(*value) : run::Result<R>(value.error());
  }

  std::shared_ptr<RemoteObject> object_;
  std::uint32_t action_;
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
run::Result<Method<Signature>> RemoteObject::method(const std::string& name) {
  using Parts = detail::SignatureParts<Signature>;
  const auto found = exactly(name, Parts::parameters, Parts::returns);
  if (!found) return found.error();
  return Method<Signature>(shared_from_this(), (*found)->uid);
}

}  // namespace beckon::localbus
