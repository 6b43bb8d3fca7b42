#pragma once

#include "core/qi/bytes.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

// Bytes as hexadecimal text, for tests: "01 00" and "0100" are the same.
namespace beckon::qi::test {

inline Bytes fromHex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) throw std::invalid_argument("not hexadecimal: " + std::string(text));
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(16 * high + digit));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("half a byte too many: " + std::string(text));
  return out;
}

inline std::string toHex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace beckon::qi::test
