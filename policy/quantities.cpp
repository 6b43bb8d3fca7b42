#include "policy/quantities.hpp"

#include <charconv>

namespace beckon::policy {
namespace {

constexpr std::uint64_t largestSize = std::uint64_t{1} << 50;  // bytes
constexpr std::uint32_t largestRate = 1'000'000;
constexpr std::chrono::milliseconds longestDeadline = std::chrono::hours(24);

// A positive whole number and what follows it, without one space between.
struct Parts {
  std::uint64_t number;
  std::string_view unit;
};
std::optional<Parts> partsOf(std::string_view text) {
  Parts out{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out.number);
  if (problem != std::errc() || out.number == 0) return std::nullopt;
  out.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (out.unit.starts_with(' ')) out.unit.remove_prefix(1);
  return out;
}

}  // namespace

std::optional<Rate> rateOf(std::string_view text) {
  const auto parts = partsOf(text);
  if (!parts || parts->number > largestRate) return std::nullopt;
  const auto count = static_cast<std::uint32_t>(parts->number);
  if (parts->unit == "/s") return Rate{count, std::chrono::seconds(1)};
  if (parts->unit == "/min") return Rate{count, std::chrono::minutes(1)};
  if (parts->unit == "/h") return Rate{count, std::chrono::hours(1)};
  return std::nullopt;
}

std::optional<std::size_t> sizeOf(std::string_view text) {
  const auto parts = partsOf(text);
  if (!parts) return std::nullopt;
  const std::uint64_t unit = parts->unit == "B"     ? 1
                             : parts->unit == "KiB" ? 1024
                             : parts->unit == "MiB" ? 1024 * 1024
                             : parts->unit == "GiB" ? 1024 * 1024 * 1024
                                                    : 0;
  if (unit == 0 || parts->number > largestSize / unit) return std::nullopt;
  return static_cast<std::size_t>(parts->number * unit);
}

std::optional<std::chrono::milliseconds> durationOf(std::string_view text) {
  const auto parts = partsOf(text);
  if (!parts) return std::nullopt;
  const int unit = parts->unit == "ms" ? 1 : parts->unit == "s" ? 1000 : parts->unit == "min" ? 60'000 : 0;
  if (unit == 0 || parts->number > static_cast<std::uint64_t>(longestDeadline.count() / unit)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(parts->number) * unit);
}

std::string text(const Rate& rate) {
  const auto* unit = rate.period == std::chrono::seconds(1)   ? "/s"
                     : rate.period == std::chrono::minutes(1) ? "/min"
                                                              : "/h";
  return std::to_string(rate.count) + unit;
}

}  // namespace beckon::policy
