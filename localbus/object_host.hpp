#pragma once

#include "localbus/bound_object.hpp"

#include <map>
#include <memory>

namespace beckon::localbus {

// The objects that a process offers, by service and object id; answers the calls of all its connections.
// Must outlive them.
class ObjectHost : public Receiver {
 public:
  void add(std::uint32_t service, std::uint32_t object, std::shared_ptr<BoundObject> hosted);
  void remove(std::uint32_t service);

  // Called when a connection has closed, after its subscriptions have gone.
  void onClosed(std::function<void(const Connection&)> handler) { onClosed_ = std::move(handler); }

  // Asked about messages for objects that are not here; false: they are refused.
  using UnknownHandler = std::function<bool(const std::shared_ptr<Connection>& from, const qi::Message& message)>;
  void onUnknown(UnknownHandler handler) { onUnknown_ = std::move(handler); }

  void received(const std::shared_ptr<Connection>& from, const qi::Message& message) override;
  void closed(const Connection& connection) override;
  const BoundObject* hosted(std::uint32_t service, std::uint32_t object) const override;

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<BoundObject>> objects_;
  std::function<void(const Connection&)> onClosed_;
  UnknownHandler onUnknown_;
};

}  // namespace beckon::localbus
