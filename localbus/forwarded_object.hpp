#pragma once

#include "localbus/bound_object.hpp"
#include "localbus/invocation.hpp"
#include "localbus/remote_object.hpp"
#include "localbus/subscribers.hpp"

#include <map>
#include <memory>

namespace beckon::localbus {

// Another process's object passed on: calls, events, cancels and objects within them go through. One subscription of
// ours serves all subscribers of a signal.
class ForwardedObject final : public BoundObject, public std::enable_shared_from_this<ForwardedObject> {
 public:
  explicit ForwardedObject(std::shared_ptr<RemoteObject> target);
  ~ForwardedObject() override;

  const qi::MetaObject& metaObject() const override { return target_->metaObject(); }
  const qi::ObjectUid& uid() const override { return uid_; }
  void received(const std::shared_ptr<Connection>& from, const qi::Message& message) override;
  void released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) override;

 private:
  void forward(const std::shared_ptr<Connection>& from, const qi::Message& message, const qi::MetaMethod& meta);
  run::Result<qi::Bytes> ownAction(const std::shared_ptr<Connection>& from, const qi::Message& message);
  void want(std::uint32_t signal, bool isWanted);

  std::shared_ptr<RemoteObject> target_;
  const qi::ObjectUid uid_;  // the target's own, if it is known
  Subscribers subscribers_;
  std::map<std::uint32_t, std::shared_ptr<RemoteObject::Subscription>> upstream_;  // by signal
  std::map<std::uint32_t, std::vector<std::function<void()>>> subscribing_;        // answers that wait for it
};

}  // namespace beckon::localbus
