#pragma once

#include "localbus/bound_object.hpp"
#include "localbus/guard.hpp"
#include "localbus/invocation.hpp"
#include "localbus/remote_object.hpp"
#include "localbus/subscribers.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace beckon::localbus {

// Another process's object passed on: calls, events, cancels and objects within them go through. What holds no object
// passes as it is, only a message that does is decoded and written anew. One subscription of ours serves all
// subscribers of a signal. Without a guard everything passes.
class ForwardedObject final : public BoundObject, public std::enable_shared_from_this<ForwardedObject> {
 public:
  explicit ForwardedObject(std::shared_ptr<RemoteObject> target, std::shared_ptr<Guard> guard = nullptr);
  ~ForwardedObject() override;

  const qi::MetaObject& metaObject() const override { return guard_ ? guard_->visible() : target_->metaObject(); }
  const qi::ObjectUid& uid() const override { return uid_; }
  void received(const std::shared_ptr<Connection>& from, const qi::Message& message) override;
  void released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) override;

  const std::shared_ptr<RemoteObject>& target() const { return target_; }
  // The guard lets see something else now: ends the subscriptions that it does not let go on.
  void reconsider();
  // Ends the calls under way of the methods that `which` picks, as far as the guard has said that they may be ended:
  // whoever called is answered with the error `why`, and the service is asked to cancel. What has not left yet, posts
  // included, never does.
  void end(const std::function<bool(std::uint32_t method)>& which, const std::string& why);

 private:
  // How a method's messages pass.
  struct Way {
    std::string parameters, returns;
    qi::Signature parametersType, returnsType;
    bool parametersMayHold = false, returnsMayHold = false;  // objects
  };
  struct Passing {  // a call or post that is let through
    const std::shared_ptr<Connection>& from;
    const qi::Header& header;
    std::uint32_t action;
    std::shared_ptr<const Way> way;
    Duration longest;
  };
  std::shared_ptr<const Way> way(const qi::MetaMethod& meta);
  std::optional<Duration> admitted(const std::shared_ptr<Connection>& from, const qi::Message& message, Guard::Use use,
                                   std::uint32_t member) const;

  void standardAction(const std::shared_ptr<Connection>& from, const qi::Message& message);
  void subscription(const std::shared_ptr<Connection>& from, const qi::Message& message);
  void propertyAction(const std::shared_ptr<Connection>& from, const qi::Message& message);
  void postToSignal(const std::shared_ptr<Connection>& from, const qi::Message& message, const qi::MetaSignal& meta);
  void forward(const Passing& call, qi::ByteView payload);
  void forwardAsItIs(const Passing& call, qi::ByteView payload, std::uint8_t flags);
  void forwardAnew(const Passing& call, const qi::Message& message);
  static void answer(const std::shared_ptr<ForwardedObject>& self, const std::shared_ptr<Connection>& to,
                     const qi::Header& call, const Way& way, const run::Result<Answer>& answer);

  // A call that may be ended: the number by which it is known, 0 for others.
  std::uint64_t track(const Passing& call);
  // Whether the answer to it is still wanted.
  bool untrack(std::uint64_t ticket) { return ticket == 0 || underWay_.erase(ticket) > 0; }

  void want(std::uint32_t signal, bool isWanted);
  void emit(std::uint32_t signal, const qi::Message& event);

  std::shared_ptr<RemoteObject> target_;
  std::shared_ptr<Guard> guard_;
  const qi::ObjectUid uid_;  // the target's own, if it is known
  Subscribers subscribers_;
  std::unordered_map<std::uint32_t, std::shared_ptr<const Way>> ways_;             // by action
  std::map<std::uint32_t, std::shared_ptr<RemoteObject::Subscription>> upstream_;  // by signal
  std::map<std::uint32_t, std::vector<std::function<void()>>> subscribing_;        // answers that wait for it
  struct UnderWay {
    std::uint32_t method = 0;
    std::function<void(const std::string& why)> end = {};
  };
  std::map<std::uint64_t, UnderWay> underWay_;  // calls that may be ended
  std::uint64_t lastTicket_ = 0;
};

}  // namespace beckon::localbus
