#pragma once

#include "localbus/remote_object.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace beckon::directory {

// A subscription to a signal or property of the service of that name, made by Session::watch(). It is made again by the
// session when the service, its connection or the directory was away, until this is destroyed or the session closed.
// What the signal carried meanwhile is missed.
class Watch {
 public:
  struct Handlers {
    localbus::RemoteObject::EventHandler event;
    // The service has gone (false) and come back (true); absent: nobody wants to know.
    std::function<void(bool isThere)> change = {};
  };

  Watch(std::string service, std::string member, Handlers handlers)
      : service_(std::move(service)), member_(std::move(member)), handlers_(std::move(handlers)) {}

  // One that lasts as long as its object does, and that no session makes again.
  Watch(std::shared_ptr<localbus::RemoteObject> object, std::string member,
        std::shared_ptr<localbus::RemoteObject::Subscription> subscription)
      : service_(object->name()),
        member_(std::move(member)),
        object_(std::move(object)),
        subscription_(std::move(subscription)) {}

  const std::string& service() const { return service_; }
  const std::string& member() const { return member_; }
  bool isThere() const { return subscription_ != nullptr; }

 private:
  friend class Session;
  void came() {
    if (std::exchange(isGone_, false) && handlers_.change) handlers_.change(true);
  }
  void went() {
    subscription_.reset();
    object_.reset();
    if (!std::exchange(isGone_, true) && handlers_.change) handlers_.change(false);
  }

  const std::string service_, member_;
  const Handlers handlers_ = {};
  std::shared_ptr<localbus::RemoteObject> object_;
  std::shared_ptr<localbus::RemoteObject::Subscription> subscription_;
  bool isAttaching_ = false;
  bool isGone_ = false;  // as was told
};

}  // namespace beckon::directory
