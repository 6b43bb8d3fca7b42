#pragma once

#include "core/qi/value.hpp"

// Values to bytes and back. "m" and "o" are C++ types too: Codec<Value> is a dynamic, Codec<ObjectRef>
// an object, so that typed members can have them.
namespace beckon::qi {

// Appends the value itself (not as a dynamic). The type comes from the value alone.
void writeValue(Writer& to, const Value& value);
// Reads a value of the given type. Types without values (X, _, ~) make the reader fail.
Value readValue(Reader& from, const Signature& type);

Bytes encodeValue(const Value& value, ObjectFormat format = {});
run::Result<Value> decodeValue(ByteView bytes, const Signature& type, ObjectFormat format = {});

template <>
struct Codec<Void> {
  static constexpr Text signature{"v"};
  static constexpr std::size_t minSize = 0;
  static void write(Writer&, const Void&) {}
  static void read(Reader&, Void&) {}
};

template <>
struct Codec<Value> {
  static constexpr Text signature{"m"};
  static constexpr std::size_t minSize = 4;
  static void write(Writer& to, const Value& value);
  static void read(Reader& from, Value& value);  // always a Dynamic
};

template <>
struct Codec<ObjectRef> {
  static constexpr Text signature{"o"};
  static constexpr std::size_t minSize = 13;
  static void write(Writer& to, const ObjectRef& value);
  static void read(Reader& from, ObjectRef& value);
};

}  // namespace beckon::qi
