#include "core/qi/json_text.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

namespace beckon::qi {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
constexpr T usualNan = std::numeric_limits<T>::quiet_NaN();

template <class T>
nlohmann::json special(T value) {
  std::string tag = value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) {
    tag = "nan";
    if (std::bit_cast<Bits<T>>(value) != std::bit_cast<Bits<T>>(usualNan<T>)) {
      char hex[2 * sizeof(T)];
      const auto end = std::to_chars(hex, hex + sizeof hex, std::bit_cast<Bits<T>>(value), 16).ptr;
      tag.append(":").append(hex, end);
    }
  }
  return {{"$float", tag}};
}

}  // namespace

std::string toBase64(ByteView bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(), static_cast<int>(bytes.size()));
  return out;
}

std::optional<Bytes> fromBase64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > std::numeric_limits<int>::max()) return {};
  Bytes out(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(static_cast<std::size_t>(size) - padding);
  // OpenSSL forgives white space and stray bits; what does not read back as itself is refused.
  if (toBase64(out) != text) return {};
  return out;
}

nlohmann::json floatToJson(float value) {
  if (!std::isfinite(value)) return special(value);
  // By way of its shortest text: 0.1f becomes 0.1, not 0.10000000149011612.
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double shortest = 0;
  std::from_chars(text, end, shortest);
  // One float and its negative, 7.038531e-26, would come back as their neighbour: rounded twice.
  return static_cast<float>(shortest) == value ? shortest : static_cast<double>(value);
}

nlohmann::json floatToJson(double value) {
  if (!std::isfinite(value)) return special(value);
  return value;
}

template <class T>
std::optional<T> floatFromTag(std::string_view tag) {
  if (tag == "inf") return std::numeric_limits<T>::infinity();
  if (tag == "-inf") return -std::numeric_limits<T>::infinity();
  if (tag == "nan") return usualNan<T>;
  if (!tag.starts_with("nan:")) return {};
  tag.remove_prefix(4);
  Bits<T> bits = 0;
  const auto [end, problem] = std::from_chars(tag.data(), tag.data() + tag.size(), bits, 16);
  const T value = std::bit_cast<T>(bits);
  if (problem != std::errc() || end != tag.data() + tag.size() || !std::isnan(value)) return {};
  return value;
}

template std::optional<float> floatFromTag<float>(std::string_view);
template std::optional<double> floatFromTag<double>(std::string_view);

}  // namespace beckon::qi
