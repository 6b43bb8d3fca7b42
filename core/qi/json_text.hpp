#pragma once

#include "core/qi/bytes.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

// The texts inside the JSON form of values (json.hpp): base64 and special floating-point numbers.
namespace beckon::qi {

// RFC 4648 section 4, with padding; decoding is strict.
std::string toBase64(ByteView bytes);
std::optional<Bytes> fromBase64(std::string_view text);

// A finite number as the shortest decimal that reads back as the same T; others as {"$float": tag}.
nlohmann::json floatToJson(float value);
nlohmann::json floatToJson(double value);

// "nan", "inf", "-inf", or "nan:" and all bits in hex for a NaN that is not the usual one.
template <class T>
std::optional<T> floatFromTag(std::string_view tag);
extern template std::optional<float> floatFromTag<float>(std::string_view);
extern template std::optional<double> floatFromTag<double>(std::string_view);

}  // namespace beckon::qi
