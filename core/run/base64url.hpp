#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::run {

// Bytes as text that stands in URLs and command lines: base64url (RFC 4648 section 5) without padding.
std::string base64url(std::span<const std::uint8_t> bytes);
// None for a text that is not what base64url() gives: each text has one reading, each reading one text.
std::optional<std::vector<std::uint8_t>> fromBase64url(std::string_view text);

// The same for a known number of bytes: a key, a hash, a signature.
template <std::size_t size>
std::optional<std::array<std::uint8_t, size>> fromBase64url(std::string_view text) {
  const auto bytes = fromBase64url(text);
  if (!bytes || bytes->size() != size) return {};
  std::array<std::uint8_t, size> out{};
  for (std::size_t i = 0; i < size; ++i) out[i] = (*bytes)[i];
  return out;
}

}  // namespace beckon::run
