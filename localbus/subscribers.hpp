#pragma once

#include "core/qi/meta_object.hpp"
#include "localbus/connection.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace beckon::localbus {

// Who wants the events of an object: actions 0, 1 and 8 of a BoundObject, and the sending of events.
class Subscribers {
 public:
  // The arguments of an event in wire form, a tuple of the signal's signature.
  using Encode = std::function<qi::Bytes(const qi::ObjectFormat&)>;
  // Told when the first subscriber of a signal comes (true) and when the last has gone.
  using ChangeHandler = std::function<void(std::uint32_t signal, bool isWanted)>;

  explicit Subscribers(ChangeHandler changed = {}) : changed_(std::move(changed)) {}

  // registerEvent and registerEventWithSignature. Answers the link. Errors: unknownMember, tooLarge, overloaded.
  run::Result<qi::Bytes> add(const std::shared_ptr<Connection>& from, const qi::Message& message,
                             const qi::MetaObject& meta);
  // unregisterEvent, by the number that the subscriber chose. Error: invalidArgument.
  run::Result<qi::Bytes> remove(const Connection& from, const qi::Message& message);
  // Everything that a connection subscribed to under that number.
  void released(std::uint64_t connection, std::uint32_t service, std::uint32_t object);

  // Of the signals that `which` picks, whoever subscribed.
  void end(const std::function<bool(std::uint32_t signal)>& which);

  // To each subscriber as it wants it. Encoded once for all, but where the event may carry objects: those are of the
  // class `event`.
  void emit(std::uint32_t signal, SignalClass kind, const Encode& encode);
  // Events of that signal that subscribers did not get because they did not read.
  std::uint64_t dropped(std::uint32_t signal) const;
  std::size_t count(std::uint32_t signal) const;

 private:
  struct Subscriber {
    std::weak_ptr<Connection> connection;
    std::uint64_t connectionId;
    qi::Address address;                  // under which it knows the signal
    std::uint64_t handler;                // chosen by the subscriber
    std::optional<qi::Signature> wanted;  // events are converted to it
    Quota::Place place;                   // among those of its connection
  };
  struct Topic {
    qi::Signature type;
    std::vector<Subscriber> subscribers;
  };
  template <class Predicate>
  std::size_t erase(const Predicate& which);
  // How many events were dropped by it.
  static std::size_t send(const Topic& topic, const Subscriber& subscriber, SignalClass kind, qi::ByteView event);
  static std::optional<qi::Bytes> convert(const Topic& topic, const Subscriber& subscriber, const Connection& to,
                                          qi::ByteView event, const qi::ObjectFormat& plain);
  static std::size_t sendOwn(const Topic& topic, const Subscriber& subscriber, const Encode& encode);

  ChangeHandler changed_;
  std::map<std::uint32_t, Topic> topics_;           // by signal; those that somebody wants
  std::map<std::uint32_t, std::uint64_t> dropped_;  // by signal
  std::uint64_t lastLink_ = 0;
};

}  // namespace beckon::localbus
