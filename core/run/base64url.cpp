#include "core/run/base64url.hpp"

#include "core/qi/json_text.hpp"

#include <algorithm>

namespace beckon::run {

std::string base64url(std::span<const std::uint8_t> bytes) {
  auto out = qi::toBase64(bytes);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  out.erase(std::min(out.find('='), out.size()));
  return out;
}

std::optional<std::vector<std::uint8_t>> fromBase64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return {};
  std::string usual(text);
  std::ranges::replace(usual, '-', '+');
  std::ranges::replace(usual, '_', '/');
  usual.append((4 - usual.size() % 4) % 4, '=');
  const auto bytes = qi::fromBase64(usual);
  if (!bytes) return {};
  return std::vector<std::uint8_t>(bytes->begin(), bytes->end());
}

}  // namespace beckon::run
