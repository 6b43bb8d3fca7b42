#include "core/qi/json.hpp"

#include "core/qi/convert.hpp"
#include "core/qi/json_text.hpp"
#include "core/qi/limits.hpp"
#include "core/qi/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace beckon::qi {
namespace {

using run::Code;
using run::Error;
using run::Result;

// Keys that mark what JSON cannot say.
constexpr const char* floatTag = "$float";
constexpr const char* rawTag = "$raw";
constexpr const char* bytesTag = "$bytes";
constexpr const char* mapTag = "$map";
constexpr const char* typeTag = "$type";
constexpr const char* valueTag = "$value";
constexpr const char* someTag = "$some";
constexpr const char* objectTag = "$object";

// A level of a value takes up to three of JSON ({"$map": [[key, value]]}), a meta object some more.
constexpr int maxJsonDepth = 4 * limits::maxDepth;

// Whether `names` can be the keys of one JSON object and come back in the same order.
bool areKeys(const std::vector<std::string_view>& names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].starts_with('$') || !isUtf8(names[i]) || (i > 0 && names[i - 1] >= names[i])) return false;
  return true;
}

struct ToJson {
  Json operator()(const Void&) const { return nullptr; }
  Json operator()(float value) const { return floatToJson(value); }
  Json operator()(double value) const { return floatToJson(value); }
  Json operator()(const std::string& text) const {
    if (isUtf8(text)) return text;
    return {{bytesTag, toBase64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})}};
  }
  Json operator()(const Bytes& raw) const { return {{rawTag, toBase64(raw)}}; }
  Json operator()(const List& list) const { return array(list.items); }
  Json operator()(const Map& map) const {
    std::vector<std::string_view> keys;
    for (const auto& [key, mapped] : map.items)
      if (const auto* text = key.as<std::string>()) keys.push_back(*text);
    if (map.key.kind() == Kind::string && areKeys(keys)) {
      Json out = Json::object();
      for (const auto& [key, mapped] : map.items) out.emplace(*key.as<std::string>(), toJson(mapped));
      return out;
    }
    Json entries = Json::array();
    for (const auto& [key, mapped] : map.items) entries.push_back(Json::array({toJson(key), toJson(mapped)}));
    return {{mapTag, std::move(entries)}};
  }
  Json operator()(const Tuple& tuple) const {
    if (tuple.annotation.empty()) return array(tuple.items);
    auto names = Value(tuple).signature().fieldNames();
    auto sorted = names;
    std::sort(sorted.begin(), sorted.end());
    if (names.empty() || !areKeys({sorted.begin(), sorted.end()})) return array(tuple.items);
    Json out = Json::object();
    for (std::size_t i = 0; i < names.size(); ++i) out.emplace(std::move(names[i]), toJson(tuple.items[i]));
    return out;
  }
  Json operator()(const Dynamic& dynamic) const {
    if (!dynamic.content) return {{typeTag, ""}};
    return {{typeTag, (*this)(dynamic.signature.text())}, {valueTag, toJson(*dynamic.content)}};
  }
  Json operator()(const Optional& optional) const {
    if (!optional.content) return nullptr;
    Json content = toJson(*optional.content);
    if (!content.is_null() && !(content.is_object() && content.contains(someTag))) return content;
    Json out = Json::object();
    out.emplace(someTag, std::move(content));
    return out;
  }
  Json operator()(const ObjectRef& ref) const {
    Json out{{"service", ref.service}, {"object", ref.object}, {"uid", toBase64(ref.uid)}, {"cacheId", ref.cacheId}};
    if (ref.metaObject) out["metaObject"] = toJson(toValue(*ref.metaObject));
    return {{objectTag, std::move(out)}};
  }
  template <class T>
  Json operator()(const T& number) const {
    return number;
  }

  static Json array(const std::vector<Value>& items) {
    Json out = Json::array();
    for (const auto& item : items) out.push_back(toJson(item));
    return out;
  }
};

// Walks JSON along a type. `path` is where it stands, for messages.
class FromJson {
 public:
  Result<Value> read(const Json& json, const Signature& type) {
    if (++depth_ > limits::maxDepth)
      return Error{Code::tooLarge, where() + " is nested deeper than " + std::to_string(limits::maxDepth) + " levels",
                   "send a flatter structure"};
    auto value = readType(json, type);
    --depth_;
    return value;
  }

  std::string path;

 private:
  std::string where() const { return path.empty() ? "the value" : path; }

  Error expected(const std::string& what, const Json& json) const {
    return {Code::badArguments,
            where() + " is " + printable(json.dump(-1, ' ', false, Json::error_handler_t::replace), 60) + " where " +
                what + " is wanted",
            "see docs/protocol/json.md for how each type is written"};
  }

  // `step` is appended to the path while the part is read.
  Result<Value> part(const std::string& step, const Json& json, const Signature& type) {
    const std::size_t length = path.size();
    path += step;
    auto value = read(json, type);
    path.resize(length);
    return value;
  }

  static const Json* tagged(const Json& json, const char* tag) {
    if (!json.is_object() || json.size() != 1) return nullptr;
    const auto found = json.find(tag);
    return found == json.end() ? nullptr : &*found;
  }

  Result<Value> readType(const Json& json, const Signature& type) {
    switch (type.kind()) {
      case Kind::void_:
        return json.is_null() ? Result<Value>(Value()) : expected("null", json);
      case Kind::bool_:
        return json.is_boolean() ? Result<Value>(Value(json.get<bool>())) : expected("true or false", json);
      case Kind::float_:
        return readFloat<float>(json, type);
      case Kind::double_:
        return readFloat<double>(json, type);
      case Kind::string:
        return readString(json);
      case Kind::raw:
        return readRaw(json);
      case Kind::list:
      case Kind::varargs:
        return readList(json, type);
      case Kind::map:
        return readMap(json, type);
      case Kind::tuple:
        return readTuple(json, type);
      case Kind::dynamic:
        return readDynamic(json);
      case Kind::optional:
        return readOptional(json, type);
      case Kind::object:
        return readObject(json);
      case Kind::unknown:
      case Kind::none:
      case Kind::kwargs:
        return expected("nothing: no value has type " + printable(type.text(), 200) + ", which", json);
      default:
        return readInteger(json, type);
    }
  }

  Result<Value> readInteger(const Json& json, const Signature& type) {
    if (const auto number = integer(json))
      if (auto value = convert(*number, type)) return value;
    return expected("an integer of type " + type.text(), json);
  }

  // None where `json` is no integer. With a fraction or exponent (3.0, 1e6) only as far as each integer is a
  // double: what was written beyond may have been rounded already.
  static std::optional<Value> integer(const Json& json) {
    constexpr double exact = 9007199254740992.0;  // 2^53
    if (json.is_number_unsigned()) return json.get<std::uint64_t>();
    if (json.is_number_integer()) return json.get<std::int64_t>();
    if (json.is_number_float() && std::abs(json.get<double>()) <= exact) return json.get<double>();
    return {};
  }

  template <class T>
  Result<Value> readFloat(const Json& json, const Signature& type) {
    if (json.is_number())
      if (auto value = convert(json.get<double>(), type)) return value;
    if (const Json* special = tagged(json, floatTag); special && special->is_string())
      if (const auto value = floatFromTag<T>(special->get_ref<const std::string&>())) return Value(*value);
    return expected("a number", json);
  }

  Result<Value> readString(const Json& json) {
    if (json.is_string()) return Value(json.get_ref<const std::string&>());
    if (const Json* encoded = tagged(json, bytesTag); encoded && encoded->is_string())
      if (const auto bytes = fromBase64(encoded->get_ref<const std::string&>()))
        return Value(std::string(bytes->begin(), bytes->end()));
    return expected("a text", json);
  }

  Result<Value> readRaw(const Json& json) {
    if (const Json* encoded = tagged(json, rawTag); encoded && encoded->is_string())
      if (auto bytes = fromBase64(encoded->get_ref<const std::string&>())) return Value(std::move(*bytes));
    return expected("{\"$raw\": \"<base64>\"}", json);
  }

  Result<Value> readList(const Json& json, const Signature& type) {
    if (!json.is_array()) return expected("an array (type " + printable(type.text(), 200) + ")", json);
    List list{type[0], {}, type.kind() == Kind::varargs};
    for (std::size_t i = 0; i < json.size(); ++i) {
      auto item = part("[" + std::to_string(i) + "]", json[i], list.element);
      if (!item) return item;
      list.items.push_back(std::move(*item));
    }
    return Value(std::move(list));
  }

  Result<Value> readMap(const Json& json, const Signature& type) {
    Map map{type[0], type[1], {}};
    const auto add = [&](const std::string& step, const Json& key, const Json& mapped) -> std::optional<Error> {
      auto newKey = part(step, key, map.key);
      if (!newKey) return newKey.error();
      auto newMapped = part(step, mapped, map.mapped);
      if (!newMapped) return newMapped.error();
      map.items.emplace_back(std::move(*newKey), std::move(*newMapped));
      return {};
    };
    if (const Json* entries = tagged(json, mapTag); entries && entries->is_array()) {
      for (const auto& entry : *entries) {
        if (!entry.is_array() || entry.size() != 2) return expected("a pair [key, value]", entry);
        if (auto error = add("." + entry[0].dump(-1, ' ', false, Json::error_handler_t::replace), entry[0], entry[1]))
          return *error;
      }
      return Value(std::move(map));
    }
    if (!json.is_object() || type[0].kind() != Kind::string)
      return expected(type[0].kind() == Kind::string ? "an object" : "{\"$map\": [[key, value], ..]}", json);
    for (const auto& [key, mapped] : json.items())
      if (auto error = add("." + key, key, mapped)) return *error;
    return Value(std::move(map));
  }

  Result<Value> readTuple(const Json& json, const Signature& type) {
    Tuple tuple{{}, type.annotation()};
    const auto names = type.fieldNames();
    const bool byName = json.is_object() && !names.empty();
    if (!byName && !json.is_array()) return expected("an array of " + std::to_string(type.size()) + " elements", json);
    if (json.size() != type.size())
      return expected(std::to_string(type.size()) + " elements (type " + printable(type.text(), 200) + ")", json);
    for (std::size_t i = 0; i < type.size(); ++i) {
      if (byName && !json.contains(names[i])) return expected("a field \"" + names[i] + "\"", json);
      auto item = byName ? part("." + names[i], json[names[i]], type[i])
                         : part("[" + std::to_string(i) + "]", json[i], type[i]);
      if (!item) return item;
      tuple.items.push_back(std::move(*item));
    }
    return Value(std::move(tuple));
  }

  Result<Value> readDynamic(const Json& json) {
    if (json.is_object() && json.contains(typeTag)) {
      auto type = readString(json[typeTag]);
      if (!type) return type;
      const std::string& text = *type->as<std::string>();
      if (text.empty()) return Value(Dynamic{});
      auto parsed = Signature::parse(text);
      if (!parsed) return Error{Code::badArguments, where() + ": " + parsed.error().cause, parsed.error().nextStep};
      if (json.size() != 2 || !json.contains(valueTag)) return expected("{\"$type\": .., \"$value\": ..}", json);
      auto content = read(json[valueTag], *parsed);
      if (!content) return content;
      return Value(Dynamic{std::move(*parsed), std::make_shared<const Value>(std::move(*content))});
    }
    Signature type = guess(json);
    auto content = read(json, type);
    if (!content) return content;
    return Value(Dynamic{std::move(type), std::make_shared<const Value>(std::move(*content))});
  }

  static Signature guess(const Json& json) {
    if (json.is_null()) return Signature::of("v");
    if (json.is_boolean()) return Signature::of("b");
    if (json.is_string() || tagged(json, bytesTag)) return Signature::of("s");
    if (json.is_number_float() || tagged(json, floatTag)) return Signature::of("d");
    if (tagged(json, rawTag)) return Signature::of("r");
    if (tagged(json, objectTag)) return Signature::of("o");
    if (json.is_array()) return Signature::of("[m]");
    if (tagged(json, mapTag)) return Signature::of("{mm}");
    if (json.is_object()) return Signature::of("{sm}");
    if (json.is_number_unsigned() && !std::in_range<std::int64_t>(json.get<std::uint64_t>())) return Signature::of("L");
    return Signature::of(std::in_range<std::int32_t>(json.get<std::int64_t>()) ? "i" : "l");
  }

  Result<Value> readOptional(const Json& json, const Signature& type) {
    if (json.is_null()) return Value(Optional{type[0], nullptr});
    const Json* some = tagged(json, someTag);
    auto content = read(some ? *some : json, type[0]);
    if (!content) return content;
    return Value(Optional{type[0], std::make_shared<const Value>(std::move(*content))});
  }

  Result<Value> readObject(const Json& json) {
    const Json* body = tagged(json, objectTag);
    if (!body || !body->is_object()) return expected("{\"$object\": {..}}", json);
    ObjectRef ref;
    const auto number = [&](const char* name, std::uint32_t& to) {
      const auto found = body->find(name);
      if (found == body->end()) return false;
      const auto value = readInteger(*found, signatureOf<std::uint32_t>());
      if (value) to = *value->as<std::uint32_t>();
      return value.has_value();
    };
    if (!number("service", ref.service) || !number("object", ref.object))
      return expected("an object with service and object numbers", *body);
    if (body->contains("cacheId") && !number("cacheId", ref.cacheId)) return expected("a number as cacheId", *body);
    if (const auto uid = body->find("uid"); uid != body->end()) {
      const auto bytes = uid->is_string() ? fromBase64(uid->get_ref<const std::string&>()) : std::nullopt;
      if (!bytes || bytes->size() != ref.uid.size()) return expected("20 bytes in base64 as uid", *body);
      std::copy(bytes->begin(), bytes->end(), ref.uid.begin());
    }
    if (const auto meta = body->find("metaObject"); meta != body->end()) {
      FromJson inside;  // its depth is bounded by its type
      inside.path = path + ".metaObject";
      auto value = inside.read(*meta, signatureOf<MetaObject>());
      if (!value) return value;
      auto typed = fromValue<MetaObject>(*value);
      if (!typed) return typed.error();
      ref.metaObject = std::make_shared<const MetaObject>(std::move(*typed));
    }
    return Value(std::move(ref));
  }

  int depth_ = 0;
};

struct TooDeep {};

}  // namespace

Json toJson(const Value& value) { return std::visit(ToJson{}, value.data()); }

Json withoutTypes(Json json) {
  if (json.is_object() && json.contains("$type"))
    return json.contains("$value") ? withoutTypes(std::move(json["$value"])) : Json();
  if (json.is_structured())
    for (auto& part : json) part = withoutTypes(std::move(part));
  return json;
}

std::string toJsonText(const Value& value) { return toJson(value).dump(); }

Result<Value> fromJson(const Json& json, const Signature& type) { return FromJson().read(json, type); }

Result<Json> parseJson(std::string_view text) {
  try {
    return Result<Json>(boost::system::in_place_value, Json::parse(text, [](int depth, Json::parse_event_t, Json&) {
                          if (depth >= maxJsonDepth) throw TooDeep();
                          return true;
                        }));
  } catch (const TooDeep&) {
    return Error{Code::tooLarge, "the JSON is nested deeper than " + std::to_string(maxJsonDepth) + " levels",
                 "send a flatter structure"};
  } catch (const Json::out_of_range&) {
    return Error{Code::malformedJson, "the JSON has a number beyond the range of a double",
                 "write at most 1.7976931348623157e308, or {\"$float\": \"inf\"}"};
  } catch (const Json::parse_error& problem) {
    const std::string_view before = text.substr(0, problem.byte ? problem.byte - 1 : 0);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = before.size() - (before.rfind('\n') + 1) + 1;
    return Error{Code::malformedJson, "not JSON at line " + std::to_string(line) + ", column " + std::to_string(column),
                 "write text in double quotes: '\"hello\"'; see docs/protocol/json.md"};
  }
}

Result<Value> argumentsFromJson(const Json& json, const Signature& parameters) {
  const std::size_t given = json.is_array() ? json.size() : 0;
  if (!json.is_array() || given != parameters.size())
    return Error{Code::badArguments,
                 json.is_array() ? std::string(given < parameters.size() ? "too few" : "too many") +
                                       " arguments: " + std::to_string(given) + " given, " +
                                       std::to_string(parameters.size()) + " wanted"
                                 : "the arguments are not a JSON array",
                 "give the arguments of " + printable(parameters.text(), 200)};
  Tuple tuple{{}, parameters.annotation()};
  for (std::size_t i = 0; i < given; ++i) {
    FromJson reader;
    reader.path = "argument " + std::to_string(i + 1);
    auto argument = reader.read(json[i], parameters[i]);
    if (!argument) return argument;
    tuple.items.push_back(std::move(*argument));
  }
  return Value(std::move(tuple));
}

}  // namespace beckon::qi
