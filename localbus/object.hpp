#pragma once

#include "core/qi/convert.hpp"
#include "core/qi/meta_object.hpp"
#include "localbus/connection.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::localbus {

// Who calls, as far as a method may know.
struct Caller {
  std::uint64_t connection = 0;  // Connection::id(); 0: this process itself
};

// Answers one call, exactly once, on the object's executor; at once or later. Destroyed unanswered, it
// answers with an error, so that no caller waits for a forgotten call.
class Responder {
 public:
  using Send = run::UniqueFunction<void(run::Result<qi::Bytes>)>;
  explicit Responder(Send send) : send_(std::move(send)) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&&) = default;
  ~Responder();
  // The return value in wire form, by the method's return signature.
  void operator()(run::Result<qi::Bytes> result);

 private:
  Send send_;
};

// One call as a method's handler gets it. `arguments` (wire form, the method's own signature) are valid
// until the handler returns.
struct Invocation {
  Caller caller;
  qi::ByteView arguments;
  qi::ObjectFormat format;
  Responder respond;
};

// What a caller is told whose arguments cannot be decoded: in libqi's words, which programs look for.
run::Error unreadableArguments(const run::Error& why);

// Something that a bus can call: methods, signals and properties with their ids. Made by ObjectBuilder.
// Used on one executor only.
class Object {
 public:
  using Method = std::function<void(Invocation)>;
  struct Property {
    std::function<qi::Value()> get;
    std::function<run::Result<>(const qi::Value&)> set;  // of any type: it is converted or refused
  };

  const qi::MetaObject& metaObject() const { return metaObject_; }

  // A Call or Post from `from`; answers a Call.
  void received(const std::shared_ptr<Connection>& from, const qi::Message& message);
  // Ends the subscriptions of a connection.
  void closed(std::uint64_t connection);

  // To every subscriber, each connection once a registration.
  void emit(std::uint32_t signal, qi::ByteView arguments);
  std::size_t subscriberCount(std::uint32_t signal) const;

 private:
  friend class ObjectBuilder;
  struct Subscription {
    std::weak_ptr<Connection> connection;
    std::uint64_t connectionId;
    std::uint32_t service, object;
    std::uint32_t signal;
    std::uint64_t handler;                // chosen by the subscriber
    std::optional<qi::Signature> wanted;  // events are converted to it

    // Whether that peer means this one by that handler.
    bool isFor(const Connection& from, const qi::Address& address, std::uint64_t number) const {
      return connectionId == from.id() && service == address.service && object == address.object && handler == number;
    }
  };

  run::Result<qi::Bytes> standardAction(const std::shared_ptr<Connection>& from, const qi::Message& message);
  run::Result<qi::Bytes> subscribe(const std::shared_ptr<Connection>& from, const qi::Message& message,
                                   bool withSignature);
  run::Result<qi::Bytes> unsubscribe(const Connection& from, const qi::Message& message);
  run::Result<const Property*> findProperty(const qi::Value& nameOrId) const;
  void invoke(const std::shared_ptr<Connection>& from, const qi::Message& message, const qi::MetaMethod& meta);
  void relay(const Connection& from, const qi::Message& message, const qi::MetaSignal& meta);

  qi::MetaObject metaObject_;
  std::map<std::uint32_t, Method> methods_;
  std::map<std::uint32_t, Property> properties_;
  std::vector<Subscription> subscriptions_;
  std::uint64_t lastLink_ = 0;
};

}  // namespace beckon::localbus
