#pragma once

#include "localbus/bound_object.hpp"
#include "localbus/direct_method.hpp"
#include "localbus/invocation.hpp"
#include "localbus/statistics.hpp"
#include "localbus/subscribers.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>

namespace beckon::localbus {

// Something that a bus can call: methods, signals and properties with their ids. Made by ObjectBuilder.
// Used on one executor only.
class Object final : public BoundObject {
 public:
  using Method = std::function<void(Invocation)>;
  struct Property {
    std::function<qi::Value()> get;
    std::function<run::Result<>(const qi::Value&)> set;  // of any type: it is converted or refused
  };

  Object();
  ~Object() override;

  const qi::MetaObject& metaObject() const override { return metaObject_; }
  const qi::ObjectUid& uid() const override { return uid_; }
  void received(const std::shared_ptr<Connection>& from, const qi::Message& message) override;
  const std::shared_ptr<AnyDirectMethod>* direct(std::uint32_t action) const override;
  bool isRecorded() const override { return recorder_->isActive(); }
  void released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) override;

  bool readsInPlace(std::uint32_t action) const override { return inPlace_.contains(action); }

  // To every subscriber, each connection once a registration.
  void emit(std::uint32_t signal, const Subscribers::Encode& arguments);
  // Events of that signal that subscribers did not get because they did not read.
  std::uint64_t droppedEvents(std::uint32_t signal) const { return subscribers_.dropped(signal); }
  std::size_t subscriberCount(std::uint32_t signal) const { return subscribers_.count(signal); }

 private:
  friend class ObjectBuilder;

  run::Result<qi::Bytes> standardAction(const std::shared_ptr<Connection>& from, const qi::Message& message);
  run::Result<qi::Bytes> recorderAction(const qi::Message& message);
  run::Result<const Property*> findProperty(const qi::Value& nameOrId) const;
  void invoke(const std::shared_ptr<Connection>& from, const qi::Message& message, const qi::MetaMethod& meta);
  void relay(const Connection& from, const qi::Message& message, const qi::MetaSignal& meta);

  qi::MetaObject metaObject_;
  qi::ObjectUid uid_;
  std::map<std::uint32_t, Method> methods_;
  std::map<std::uint32_t, std::shared_ptr<AnyDirectMethod>> directMethods_;  // those that answer at once
  std::set<std::uint32_t> inPlace_;                                          // methods that take a qi::SharedRaw
  std::map<std::uint32_t, Property> properties_;
  std::map<std::uint32_t, SignalClass> classes_;  // of signals; those that are not here are `event`
  std::shared_ptr<CallRecorder> recorder_;
  Subscribers subscribers_;
};

}  // namespace beckon::localbus
