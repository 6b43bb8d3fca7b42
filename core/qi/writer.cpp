#include "core/qi/writer.hpp"

#include <limits>
#include <stdexcept>

namespace beckon::qi {

void Writer::count(std::size_t value) {
  if (value > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("more than the wire's 32 bits can count");
  number(static_cast<std::uint32_t>(value));
}

void Writer::sized(ByteView value) {
  count(value.size());
  plain(value);
}

void Writer::string(std::string_view value) {
  sized({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

void Writer::plain(ByteView value) {
  if (value.empty()) return;
  const std::size_t at = bytes_.size();
  bytes_.resize(at + value.size());
  std::memcpy(bytes_.data() + at, value.data(), value.size());
}

}  // namespace beckon::qi
