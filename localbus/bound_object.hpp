#pragma once

#include "core/qi/meta_object.hpp"
#include "core/qi/value.hpp"
#include "localbus/connection.hpp"

#include <memory>

namespace beckon::localbus {

class AnyDirectMethod;

// One that no other object of any process has: a part for the process, a part for the object.
qi::ObjectUid newObjectUid();

// Something that peers call under a number, on one connection or on all: an Object of this process, or another's that
// is passed on. Used on one executor only.
class BoundObject : public qi::LiveObject {
 public:
  virtual const qi::MetaObject& metaObject() const = 0;
  // Names the object across connections.
  virtual const qi::ObjectUid& uid() const = 0;

  // A Call or Post from `from`; answers a Call.
  virtual void received(const std::shared_ptr<Connection>& from, const qi::Message& message) = 0;
  // The method, for callers of this process; null: they send a message, as all others.
  virtual const std::shared_ptr<AnyDirectMethod>* direct(std::uint32_t) const { return nullptr; }
  // While it is, messages are all that is seen of calls.
  virtual bool isRecorded() const { return false; }
  // Whether the arguments of that member may be bytes that the peer could change meanwhile (shared_raw.hpp).
  virtual bool readsInPlace(std::uint32_t action) const {
    (void)action;
    return false;
  }
  // The connection has no object of that number any more: ends what it subscribed to there.
  virtual void released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) = 0;
};

}  // namespace beckon::localbus
