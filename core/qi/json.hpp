#pragma once

#include "core/qi/value.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

// The JSON form of values: plain where JSON can say it, and exact everywhere. It is the same for the
// command line and for calls by IQ; docs/protocol/json.md defines it. In short:
//
//   numbers, bool, text    as in JSON; 64-bit integers are written in full
//   NaN, infinities        {"$float": "nan" | "inf" | "-inf" | "nan:<bits in hex>"}
//   raw, text not UTF-8    {"$raw": "<base64>"}, {"$bytes": "<base64>"}
//   list, tuple            [..]
//   struct                 {"field": .., ..}; a plain [..] is taken too
//   map                    {"key": ..} if its keys are text in ascending order without a leading "$" (as
//                          libqi sends maps of text), otherwise {"$map": [[key, value], ..]}
//   dynamic                {"$type": "<signature>", "$value": ..}; "" without $value: the invalid dynamic.
//                          Taken as well: plain JSON, whose type is then guessed (i, l, L, d, s, b, v, [m], {sm})
//   optional               null or the value, {"$some": value} where the value is null or has that mark
//   void                   null
//   object                 {"$object": {"service", "object", "uid", "metaObject", "cacheId"}}
namespace beckon::qi {

using Json = nlohmann::json;

Json toJson(const Value& value);
// Without the types that dynamics say, for whoever knows the type that he wants, and for people.
Json withoutTypes(Json json);
// On one line, ASCII characters and UTF-8.
std::string toJsonText(const Value& value);

// A value of type `type`. Error badArguments names the place in the JSON and what was expected there.
run::Result<Value> fromJson(const Json& json, const Signature& type);
// Parses first: error malformedJson names line and column. Nesting is limited to 4 * limits::maxDepth.
run::Result<Json> parseJson(std::string_view text);

// The arguments of a call: a JSON array, one element for each field of the tuple `parameters`. Says how
// many arguments are wanted when the number is wrong.
run::Result<Value> argumentsFromJson(const Json& json, const Signature& parameters);

}  // namespace beckon::qi
