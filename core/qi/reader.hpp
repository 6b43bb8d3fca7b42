#pragma once

#include "core/qi/limits.hpp"
#include "core/qi/writer.hpp"
#include "core/run/error.hpp"

#include <cstring>
#include <optional>
#include <string_view>

namespace beckon::qi {

// Takes values in wire form from bytes that somebody else owns and keeps alive. The first thing that
// cannot be read makes the reader fail: from then on everything it returns is zero or empty, and
// error() says why. So a caller reads all it wants and asks once.
class Reader {
 public:
  explicit Reader(ByteView bytes, ObjectFormat format = {}) : bytes_(bytes), format_(format) {}

  template <Number T>
  T number() {
    T value{};
    if (const auto from = plain(sizeof value); !from.empty()) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  bool boolean() { return number<std::uint8_t>() != 0; }
  // The number of elements that follow, each of at least `minSize` bytes; checked against the bytes left.
  std::size_t count(std::size_t minSize);
  // Counts parts of the message that cost memory beyond their bytes; fails beyond limits::maxValues, and for
  // those that have no bytes at all beyond limits::maxEmptyElements.
  void admit(std::size_t values);
  void admitEmpty(std::size_t elements);
  ByteView sized();
  std::string_view string();
  ByteView plain(std::size_t size);

  // One level deeper for as long as the guard lives; fails beyond limits::maxDepth.
  class Nested {
   public:
    explicit Nested(Reader& reader) : reader_(reader) {
      if (++reader.depth_ > limits::maxDepth) reader.failTooDeep();
    }
    ~Nested() { --reader_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Reader& reader_;
  };

  void fail(run::Error error);
  bool ok() const { return !error_; }
  const std::optional<run::Error>& error() const { return error_; }
  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t position() const { return at_; }
  ObjectFormat format() const { return format_; }

 private:
  void failTooDeep();

  ByteView bytes_;
  ObjectFormat format_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::size_t emptyElements_ = 0;
  std::size_t values_ = 0;
  std::optional<run::Error> error_;
};

}  // namespace beckon::qi
