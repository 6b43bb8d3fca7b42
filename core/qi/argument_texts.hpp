#pragma once

#include "core/qi/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Values as people write and read them: a text each, whose meaning its type gives. For forms and for lines of a chat;
// docs/protocol/commands.md defines it. In short:
//
//   bool          true, false, 1, 0
//   numbers       as in JSON; of f and d also nan, inf, -inf
//   text          as it stands
//   lists         of bools, numbers or texts: a line an element, or a JSON array
//   optional      nothing, or as its type
//   dynamic       JSON; what is not is a text, unless it begins with [, { or "
//   all others    JSON (json.hpp)
namespace beckon::qi {

// Error badArguments says what stands there and what is wanted; of JSON the errors of parseJson and fromJson.
run::Result<Value> fromText(std::string_view text, const Signature& type);
// A Tuple, one text for each field of the tuple `parameters`.
run::Result<Value> argumentsFromTexts(const std::vector<std::string>& texts, const Signature& parameters);

// What fromText() reads, as far as the type is one of those that it knows; of lists a JSON array.
std::string toText(const Value& value);

// "a whole number from 0 to 255", "a JSON text of type {si}".
std::string inWords(const Signature& type);

// The least and the largest number of an integer type.
struct Range {
  std::string least, largest;
};
std::optional<Range> rangeOf(Kind kind);
// Whether it is written a line an element.
bool isListOfLines(const Signature& type);

}  // namespace beckon::qi
