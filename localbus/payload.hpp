#pragma once

#include "core/qi/shared_raw.hpp"

namespace beckon::localbus {

// What a message carries: bytes in wire form, and behind them those of a raw, which stay where they are as long as that
// helps. A view.
struct Payload {
  Payload() = default;
  Payload(qi::ByteView whole) : bytes(whole) {}
  Payload(const qi::Bytes& whole) : bytes(whole) {}
  // `before` ends with the raw's length.
  Payload(qi::ByteView before, qi::ByteView rawBytes) : bytes(before), raw(rawBytes) {}

  qi::ByteView bytes, raw;
  std::size_t size() const { return bytes.size() + raw.size(); }
  void copyTo(std::uint8_t* at) const {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    if (!raw.empty()) std::memcpy(at + bytes.size(), raw.data(), raw.size());
  }
};

// Encoded arguments of a call. `raw` is the last of them, if that is a SharedRaw.
struct EncodedArguments {
  qi::Bytes bytes;
  qi::ByteView raw;
  Payload payload() const { return {bytes, raw}; }
};

template <class... Args>
EncodedArguments encodeArguments(const qi::ObjectFormat& format, const Args&... args) {
  qi::Writer writer(format);
  EncodedArguments out;
  std::size_t left = sizeof...(Args);
  [[maybe_unused]] const auto put = [&]<class T>(const T& value) {
    --left;
    if constexpr (std::same_as<T, qi::SharedRaw>) {
      if (left == 0) {
        writer.count(value.size());
        out.raw = value.bytes();
        return;
      }
    }
    qi::Codec<T>::write(writer, value);
  };
  (put(args), ...);
  out.bytes = writer.take();
  return out;
}

}  // namespace beckon::localbus
