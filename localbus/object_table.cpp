#include "localbus/object_table.hpp"

#include "core/qi/error_payload.hpp"
#include "localbus/forwarded_object.hpp"
#include "localbus/remote_object.hpp"

#include <atomic>

namespace beckon::localbus {

using run::Code;
using run::Error;
using run::Result;

namespace {

// Numbers of objects are of the whole process, as libqi's are: two kinds, each with its own sequence.
constexpr std::uint32_t firstArgument = 0x80000000;
std::atomic<std::uint32_t> lastResultFormat{2}, lastArgumentFormat{firstArgument - 1};

const std::shared_ptr<const qi::MetaObject>& emptyMetaObject() {
  static const auto empty = std::make_shared<const qi::MetaObject>();
  return empty;
}

}  // namespace

ObjectTable::~ObjectTable() { clear(); }

Error ObjectTable::fullError() {
  return {Code::overloaded,
          "this connection has " + std::to_string(qi::limits::maxObjects) + " objects that it did not terminate",
          "terminate objects that are no longer needed"};
}

std::uint32_t ObjectTable::newNumber(const qi::ObjectFormat& format) const {
  for (;;) {
    const std::uint32_t number =
        format.isArgument ? ++lastArgumentFormat | firstArgument : ++lastResultFormat & ~firstArgument;
    // After 2^31 objects the numbers come again.
    if (number > qi::mainObject && !given_.contains({format.service, number})) return number;
  }
}

void ObjectTable::giveMetaObject(qi::ObjectRef& to, std::shared_ptr<const qi::MetaObject> meta, bool isCached) {
  to.metaObject = std::move(meta);
  to.cacheId = qi::ObjectRef::notCached;
  if (!isCached) return;
  const auto bytes = qi::encode(*to.metaObject);
  const std::string key(bytes.begin(), bytes.end());
  if (const auto known = givenMetaObjects_.find(key); known != givenMetaObjects_.end()) {
    to.metaObject = nullptr;
    to.cacheId = known->second;
  } else if (givenMetaObjects_.size() < qi::limits::maxMetaObjects) {
    to.cacheId = static_cast<std::uint32_t>(givenMetaObjects_.size() + 1);
    givenMetaObjects_.emplace(key, to.cacheId);
    unsentMetaObjects_.push_back(key);
  }
}

qi::ObjectRef ObjectTable::give(const qi::ObjectRef& object, const qi::ObjectFormat& format) {
  qi::ObjectRef out;
  out.service = format.service;
  auto bound = std::dynamic_pointer_cast<BoundObject>(object.live);
  if (const auto proxy = std::dynamic_pointer_cast<RemoteObject>(object.live))
    bound = std::make_shared<ForwardedObject>(proxy);
  if (bound && connection_.isOpen() && !isFull()) {
    out.object = newNumber(format);
    out.uid = bound->uid();
    giveMetaObject(out, {bound, &bound->metaObject()}, format.metaObjectCache);
    unsent_.emplace_back(out.service, out.object);
    given_.emplace(unsent_.back(), std::move(bound));
  } else {
    giveMetaObject(out, emptyMetaObject(), format.metaObjectCache);
  }
  return out;
}

Result<> ObjectTable::take(qi::ObjectRef& object) {
  if (connection_.capabilities().shared(qi::capability::metaObjectCache) &&
      object.cacheId != qi::ObjectRef::notCached) {
    if (object.metaObject && takenMetaObjects_.size() >= qi::limits::maxMetaObjects &&
        !takenMetaObjects_.contains(object.cacheId))
      return Error{
          Code::overloaded,
          "the peer wants more than " + std::to_string(qi::limits::maxMetaObjects) + " meta objects to be kept",
          {}};
    if (object.metaObject) takenMetaObjects_[object.cacheId] = object.metaObject;
    const auto known = takenMetaObjects_.find(object.cacheId);
    if (known == takenMetaObjects_.end())
      return Error{Code::protocolError, "an object names a meta object that was never sent", {}};
    object.metaObject = known->second;
  }
  if (!object.metaObject) object.metaObject = emptyMetaObject();
  if (object.object == 0) return {};
  object.live = std::make_shared<RemoteObject>(
      connection_.shared_from_this(), object.service, object.object,
      "object " + std::to_string(object.object) + " of service #" + std::to_string(object.service), object.metaObject,
      object.uid);
  return {};
}

bool ObjectTable::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const Key key{header.address.service, header.address.object};
  const auto found = given_.find(key);
  if (found == given_.end()) return false;
  const auto object = found->second;  // a handler may end it
  if (header.address.action != qi::action::terminate) {
    object->received(from, message);
    return true;
  }
  given_.erase(found);
  object->released(from->id(), key.first, key.second);
  if (header.type == qi::MessageType::call) from->answer(header.id, header.address, qi::MessageType::reply, {});
  return true;
}

void ObjectTable::sent() {
  unsent_.clear();
  unsentMetaObjects_.clear();
}

void ObjectTable::takeBack() {
  // The latest numbers of the cache: the next ones follow those that the peer knows.
  for (const auto& key : std::exchange(unsentMetaObjects_, {})) givenMetaObjects_.erase(key);
  for (const auto& key : std::exchange(unsent_, {})) {
    const auto object = given_.extract(key);
    if (!object.empty()) object.mapped()->released(connection_.id(), key.first, key.second);
  }
}

void ObjectTable::clear() {
  sent();
  const auto given = std::exchange(given_, {});
  for (const auto& [key, object] : given) object->released(connection_.id(), key.first, key.second);
}

}  // namespace beckon::localbus
