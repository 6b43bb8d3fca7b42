#pragma once

#include "core/qi/object_exchange.hpp"
#include "core/qi/value_coder.hpp"

namespace beckon::qi {

// The same value as another type: numbers that fit (3.0 as an int, not 3.5; to a float, the nearest one),
// anything into and out of dynamics and optionals, containers element by element, a list as a tuple of
// its length and back. A struct becomes a struct of the same name by the names of its fields: fields that
// the target lacks are dropped, fields that the source lacks become zero or empty (libqi's struct
// evolution). Error badArguments says which part does not fit.
run::Result<Value> convert(const Value& value, const Signature& target);

// Whether some values of one type become the other. False: convert() refuses all.
bool mayConvert(const Signature& from, const Signature& to);

// Zero, empty or false; the invalid dynamic; the null object.
run::Result<Value> defaultValue(const Signature& type);

// Keeps everything that an object reference has.
inline constexpr ObjectFormat wholeObjects{.metaObjectCache = true, .uid = true};

template <class T>
Value toValue(const T& value) {
  if constexpr (std::same_as<T, Value>)
    return dynamic(value);
  else if constexpr (std::constructible_from<Value, const T&>)
    return value;
  else {
    CarriedObjects objects;
    return decodeValue(encode(value, objects.format()), signatureOf<T>(), objects.format()).value();
  }
}

template <class T>
run::Result<T> fromValue(const Value& value) {
  auto converted = convert(value, signatureOf<T>());
  if (!converted) return converted.error();
  CarriedObjects objects;
  return decode<T>(encodeValue(*converted, objects.format()), objects.format());
}

}  // namespace beckon::qi
