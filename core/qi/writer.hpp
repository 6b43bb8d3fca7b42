#pragma once

#include "core/qi/bytes.hpp"

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace beckon::qi {

static_assert(std::endian::native == std::endian::little, "the wire is little endian, like everything libqi runs on");

class ObjectExchange;

// How objects are written on a connection: what its two ends agreed on (capabilities MetaObjectCache
// and ObjectPtrUID), and who turns objects into references and back.
struct ObjectFormat {
  bool metaObjectCache = false;
  bool uid = true;
  ObjectExchange* exchange = nullptr;  // null: references are copied as they stand
  std::uint32_t service = 0;           // under which objects in a message are hosted
  bool isArgument = false;             // they go to a service, rather than come from one of ours

  // The same bytes, with references as they stand.
  ObjectFormat plain() const { return {metaObjectCache, uid}; }
};

template <class T>
concept Number = (std::integral<T> || std::floating_point<T>)&&!std::same_as<T, bool>;

// Appends values in wire form to a buffer.
class Writer {
 public:
  explicit Writer(ObjectFormat format = {}) : format_(format) { bytes_.reserve(usualSize); }
  Writer(Bytes buffer, ObjectFormat format) : bytes_(std::move(buffer)), format_(format) {}

  template <Number T>
  void number(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  void boolean(bool value) { bytes_.push_back(value ? 1 : 0); }
  // Throws std::length_error where a length or count does not fit the wire's 32 bits.
  void count(std::size_t value);
  void sized(ByteView value);
  void string(std::string_view value);
  // Bytes as they are, without a length.
  void plain(ByteView value);

  ObjectFormat format() const { return format_; }
  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  // Most messages fit: one allocation instead of seven.
  static constexpr std::size_t usualSize = 256;

  Bytes bytes_;
  ObjectFormat format_;
};

}  // namespace beckon::qi
