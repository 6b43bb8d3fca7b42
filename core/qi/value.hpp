#pragma once

#include "core/qi/meta_object.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// Values whose type is known only when the program runs. Each knows its type well enough to be encoded
// from itself alone. Copies are deep for containers and shared for what a dynamic or optional holds,
// which nobody changes.
namespace beckon::qi {

class Value;
using SharedValue = std::shared_ptr<const Value>;

struct Void {
  bool operator==(const Void&) const = default;
};

struct List {
  Signature element;
  std::vector<Value> items;
  bool varargs = false;  // declared "#T" rather than "[T]"; the bytes are the same
};

struct Map {
  Signature key, mapped;
  std::vector<std::pair<Value, Value>> items;  // in the order of the wire
};

struct Tuple {
  std::vector<Value> items;
  std::string annotation;  // "Name,field,..." or empty
};

// "m": a value that brings its type along.
struct Dynamic {
  Signature signature;  // as written on the wire, annotations included
  SharedValue content;  // null: the invalid dynamic, an empty signature on the wire
};

struct Optional {
  Signature element;
  SharedValue content;  // null where there is none
};

using ObjectUid = std::array<std::uint8_t, 20>;

// What an object reference stands for in this process: an object of its own, or a proxy of another's.
class LiveObject {
 public:
  virtual ~LiveObject() = default;
};

// A reference to an object on the connection that carried it. Life cycle and cache are the connection's.
struct ObjectRef {
  static constexpr std::uint32_t notCached = 0xFFFFFFFF;

  std::shared_ptr<const MetaObject> metaObject;  // null: not transmitted, the receiver has it cached
  std::uint32_t cacheId = notCached;             // only with MetaObjectCache
  std::uint32_t service = 0;
  std::uint32_t object = 0;                    // 0: the null object
  ObjectUid uid{};                             // zero where the connection does not carry uids
  std::shared_ptr<LiveObject> live = nullptr;  // null: the null object, or a reference as it stands in the bytes
};

class Value {
 public:
  using Data = std::variant<Void, bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                            std::uint32_t, std::int64_t, std::uint64_t, float, double, std::string, Bytes, List, Map,
                            Tuple, Dynamic, Optional, ObjectRef>;

  Value() = default;  // void
  template <class T>
  requires std::constructible_from<Data, T> &&(!std::same_as<std::remove_cvref_t<T>, Value>)Value(T&& data)
      : data_(std::forward<T>(data)) {}

  const Data& data() const { return data_; }
  template <class T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }

  Signature signature() const;

  // The value inside a dynamic, however many dynamics are around it; otherwise the value itself.
  // Void for the invalid dynamic.
  const Value& inner() const;

 private:
  Data data_;
};

// A dynamic that holds `content`; a value that is one already stays as it is.
Value dynamic(Value content);

}  // namespace beckon::qi
