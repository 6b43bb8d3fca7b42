#pragma once

#include "core/qi/value.hpp"
#include "core/run/error.hpp"

#include <vector>

namespace beckon::qi {

// Where objects in values become references on a connection, and references objects. Values are written and read by
// a format that names its exchange; without one, references are copied as they stand.
class ObjectExchange {
 public:
  // What to write for an object that leaves in a message of `format.service`. What stands for nothing in this
  // process becomes the null object.
  virtual ObjectRef give(const ObjectRef& object, const ObjectFormat& format) = 0;
  // What was read: finds its meta object and sets what it stands for. Errors: protocolError, overloaded.
  virtual run::Result<> take(ObjectRef& object) = 0;
  // What keeps `bytes` of the message that is being read where they are (shared_raw.hpp); null: they go with it.
  virtual std::shared_ptr<const void> keep(ByteView bytes) {
    (void)bytes;
    return nullptr;
  }

 protected:
  ~ObjectExchange() = default;
};

// Lets objects pass through bytes that never leave the process (convert.hpp).
class CarriedObjects final : public ObjectExchange {
 public:
  ObjectRef give(const ObjectRef& object, const ObjectFormat& format) override;
  run::Result<> take(ObjectRef& object) override;
  // Everything that a reference has, and what it stands for.
  ObjectFormat format() { return {.metaObjectCache = true, .uid = true, .exchange = this}; }

 private:
  std::vector<ObjectRef> carried_;
};

}  // namespace beckon::qi
