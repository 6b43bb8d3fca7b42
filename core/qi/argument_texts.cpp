#include "core/qi/argument_texts.hpp"

#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace beckon::qi {

using run::Code;
using run::Error;
using run::Result;

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool isNumber(Kind kind) { return rangeOf(kind) || kind == Kind::float_ || kind == Kind::double_; }
bool isOneWord(Kind kind) { return kind == Kind::bool_ || isNumber(kind); }

template <class T>
Range range() {
  return {std::to_string(std::numeric_limits<T>::min()), std::to_string(std::numeric_limits<T>::max())};
}

Error notThat(std::string_view text, const Signature& type) {
  return {
      Code::badArguments,
      (text.empty() ? "nothing" : "\"" + printable(text, 60) + "\"") + " stands where " + inWords(type) + " is wanted",
      "write " + inWords(type)};
}

// Of those that are one word; nothing where it is none.
std::optional<Json> word(std::string_view text, Kind kind) {
  if (kind == Kind::bool_) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    return {};
  }
  if (!rangeOf(kind) && (text == "nan" || text == "inf" || text == "-inf"))
    return Json::object({{"$float", std::string(text)}});
  auto number = parseJson(text);
  if (!number || !number->is_number()) return {};
  return std::move(*number);
}

Result<Value> fromJsonText(std::string_view text, const Signature& type) {
  const auto json = parseJson(text);
  if (!json) return json.error();
  auto value = fromJson(*json, type);
  // Its path has names of fields, which are as the service wrote them.
  if (!value) return Error{value.error().code, printable(value.error().cause), value.error().nextStep};
  return value;
}

Result<Value> lines(std::string_view text, const Signature& type) {
  List list{type[0], {}, type.kind() == Kind::varargs};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto element = fromText(text.substr(0, end), type[0]);
    if (!element) return element;
    list.items.push_back(std::move(*element));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return Value(std::move(list));
}

}  // namespace

std::optional<Range> rangeOf(Kind kind) {
  switch (kind) {
    case Kind::int8:
      return range<std::int8_t>();
    case Kind::uint8:
      return range<std::uint8_t>();
    case Kind::int16:
      return range<std::int16_t>();
    case Kind::uint16:
      return range<std::uint16_t>();
    case Kind::int32:
      return range<std::int32_t>();
    case Kind::uint32:
      return range<std::uint32_t>();
    case Kind::int64:
      return range<std::int64_t>();
    case Kind::uint64:
      return range<std::uint64_t>();
    default:
      return {};
  }
}

bool isListOfLines(const Signature& type) {
  if (type.kind() != Kind::list && type.kind() != Kind::varargs) return false;
  return isOneWord(type[0].kind()) || type[0].kind() == Kind::string;
}

std::string inWords(const Signature& type) {
  const auto kind = type.kind();
  if (const auto limits = rangeOf(kind)) return "a whole number from " + limits->least + " to " + limits->largest;
  if (isNumber(kind)) return "a number";
  if (kind == Kind::bool_) return "true or false";
  if (kind == Kind::string) return "a text";
  if (kind == Kind::optional) return inWords(type[0]) + ", or nothing";
  if (kind == Kind::dynamic) return "a text, or JSON";
  if (isListOfLines(type)) return "lines, each " + inWords(type[0]) + ", or a JSON array of them";
  return "a JSON text of type " + printable(type.text(), 100);
}

Result<Value> fromText(std::string_view text, const Signature& type) {
  const auto kind = type.kind();
  const auto bare = trimmed(text);
  if (kind == Kind::string) return Value(std::string(text));
  if (isOneWord(kind)) {
    const auto json = word(bare, kind);
    auto value = json ? fromJson(*json, type) : Result<Value>(notThat(bare, type));
    return value ? value : notThat(bare, type);
  }
  if (kind == Kind::optional) {
    if (bare.empty()) return fromJson(nullptr, type);
    auto content = fromText(text, type[0]);
    if (!content) return content;
    return Value(Optional{type[0], std::make_shared<const Value>(std::move(*content))});
  }
  if (isListOfLines(type) && !bare.starts_with('[')) return lines(text, type);
  if (kind == Kind::dynamic) {
    auto value = fromJsonText(bare, type);
    if (value || bare.starts_with('[') || bare.starts_with('{') || bare.starts_with('"')) return value;
    return dynamic(Value(std::string(text)));
  }
  if (bare.empty()) return notThat(bare, type);
  return fromJsonText(bare, type);
}

Result<Value> argumentsFromTexts(const std::vector<std::string>& texts, const Signature& parameters) {
  const auto given = texts.size(), wanted = parameters.size();
  if (given != wanted)
    return Error{Code::badArguments,
                 std::string(given < wanted ? "too few" : "too many") + " arguments: " + std::to_string(given) +
                     " given, " + std::to_string(wanted) + " wanted",
                 "give the arguments of " + printable(parameters.text(), 200)};
  Tuple tuple{{}, parameters.annotation()};
  for (std::size_t i = 0; i < given; ++i) {
    auto argument = fromText(texts[i], parameters[i]);
    if (!argument)
      return Error{argument.error().code, "argument " + std::to_string(i + 1) + ": " + argument.error().cause,
                   argument.error().nextStep};
    tuple.items.push_back(std::move(*argument));
  }
  return Value(std::move(tuple));
}

std::string toText(const Value& value) {
  if (const auto* text = value.as<std::string>(); text && isUtf8(*text)) return *text;
  if (const auto* dynamic = value.as<Dynamic>(); dynamic && dynamic->content) return toText(*dynamic->content);
  const auto kind = value.signature().kind();
  if (kind == Kind::void_) return {};
  if (kind == Kind::float_ || kind == Kind::double_)
    if (const auto json = toJson(value); json.is_object()) return json.begin()->get<std::string>();
  return toJsonText(value);
}

}  // namespace beckon::qi
