#pragma once

#include "core/qi/codec.hpp"
#include "core/qi/object_exchange.hpp"

#include <memory>

namespace beckon::qi {

// A raw ("r") that need not be copied on its way: whoever reads it looks at the bytes where they are, and keeps them
// there for as long as a copy of this lives. They may be in memory that another process writes (docs/design/014): who
// must rely on them not to change copies them first.
class SharedRaw {
 public:
  SharedRaw() = default;
  explicit SharedRaw(Bytes bytes) {
    const auto kept = std::make_shared<const Bytes>(std::move(bytes));
    bytes_ = *kept;
    owner_ = kept;
  }
  // `bytes` are valid while `owner` lives.
  SharedRaw(ByteView bytes, std::shared_ptr<const void> owner) : bytes_(bytes), owner_(std::move(owner)) {}

  ByteView bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

 private:
  ByteView bytes_;
  std::shared_ptr<const void> owner_;
};

template <>
struct Codec<SharedRaw> {
  static constexpr Text signature{"r"};
  static constexpr std::size_t minSize = 4;
  static void write(Writer& to, const SharedRaw& value) { to.sized(value.bytes()); }
  static void read(Reader& from, SharedRaw& value) {
    const auto bytes = from.sized();
    auto* const exchange = from.format().exchange;
    if (auto owner = exchange ? exchange->keep(bytes) : nullptr)
      value = SharedRaw(bytes, std::move(owner));
    else
      value = SharedRaw(Bytes(bytes.begin(), bytes.end()));
  }
};

// Whether a type is safely decoded from bytes that change meanwhile, and gains by it: its decoder looks at each byte
// outside of a SharedRaw once. Not so a dynamic, whose signature is read again and again.
template <class T>
inline constexpr bool readsOnce = Number<T> || std::same_as<T, bool> || std::same_as<T, std::string>;
template <class T>
inline constexpr bool isReadInPlace = std::same_as<T, SharedRaw>;
template <class... Ts>
inline constexpr bool isReadInPlace<std::tuple<Ts...>> = (std::same_as<Ts, SharedRaw> || ...) &&
                                                         ((std::same_as<Ts, SharedRaw> || readsOnce<Ts>)&&...);

}  // namespace beckon::qi
