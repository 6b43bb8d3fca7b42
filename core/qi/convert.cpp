#include "core/qi/convert.hpp"

#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"

#include <cmath>
#include <limits>

namespace beckon::qi {
namespace {

using run::Code;
using run::Error;
using run::Result;

Error mismatch(const Value& value, const Signature& target) {
  const std::string wanted = printable(target.text(), 200);
  return {Code::badArguments,
          printable(toJsonText(value), 80) + " (type " + printable(value.signature().text(), 200) +
              ") does not fit type " + wanted,
          "give a value of type " + wanted};
}

// Half a step beyond the largest float: from here on there is no nearest one.
constexpr double beyondFloats = 0x1.ffffffp127;

// From any number or bool to `To`, if `To` holds exactly that number.
template <class To>
Result<Value> number(const Value& value, const Signature& target) {
  return std::visit(
      [&](const auto& from) -> Result<Value> {
        using From = std::remove_cvref_t<decltype(from)>;
        if constexpr (std::is_arithmetic_v<From>) {
          if constexpr (std::same_as<To, bool>) {
            if (from == From(0) || from == From(1)) return Value(from != From(0));
          } else if constexpr (std::floating_point<To>) {
            const auto wide = static_cast<double>(from);
            if (!std::same_as<To, float> || !std::isfinite(wide) || std::abs(wide) < beyondFloats)
              return Value(static_cast<To>(from));
          } else if constexpr (std::floating_point<From>) {
            // 2^digits is exact as a double, max() of 64-bit types is not.
            const double limit = std::ldexp(1.0, std::numeric_limits<To>::digits);
            const double least = std::is_signed_v<To> ? -limit : 0.0;
            const double wide = from;
            if (wide >= least && wide < limit && wide == std::trunc(wide)) return Value(static_cast<To>(wide));
          } else if constexpr (std::same_as<From, bool>) {
            return Value(static_cast<To>(from));
          } else {
            if (std::in_range<To>(from)) return Value(static_cast<To>(from));
          }
        }
        return mismatch(value, target);
      },
      value.data());
}

const std::vector<Value>* itemsOf(const Value& value) {
  if (const auto* list = value.as<List>()) return &list->items;
  if (const auto* tuple = value.as<Tuple>()) return &tuple->items;
  return nullptr;
}

Result<Value> toList(const Value& value, const Signature& target) {
  const auto* items = itemsOf(value);
  if (!items) return mismatch(value, target);
  List out{target[0], {}, target.kind() == Kind::varargs};
  for (const auto& item : *items) {
    auto converted = convert(item, target[0]);
    if (!converted) return converted;
    out.items.push_back(std::move(*converted));
  }
  return Value(std::move(out));
}

Result<Value> toMap(const Value& value, const Signature& target) {
  const auto* from = value.as<Map>();
  if (!from) return mismatch(value, target);
  Map out{target[0], target[1], {}};
  for (const auto& [key, mapped] : from->items) {
    auto newKey = convert(key, target[0]);
    if (!newKey) return newKey;
    auto newMapped = convert(mapped, target[1]);
    if (!newMapped) return newMapped;
    out.items.emplace_back(std::move(*newKey), std::move(*newMapped));
  }
  return Value(std::move(out));
}

// By the names of the fields, for two structs of one name.
Result<Value> evolve(const Tuple& from, const Signature& fromType, const Signature& target) {
  const auto have = fromType.fieldNames();
  const auto want = target.fieldNames();
  Tuple out{{}, target.annotation()};
  for (std::size_t i = 0; i < want.size(); ++i) {
    const auto found = std::find(have.begin(), have.end(), want[i]);
    auto field = found == have.end() ? defaultValue(target[i])
                                     : convert(from.items[static_cast<std::size_t>(found - have.begin())], target[i]);
    if (!field) return field;
    out.items.push_back(std::move(*field));
  }
  return Value(std::move(out));
}

Result<Value> toTuple(const Value& value, const Signature& target) {
  if (const auto* from = value.as<Tuple>(); from && !from->annotation.empty() && !target.fieldNames().empty()) {
    const Signature fromType = value.signature();
    if (fromType.structName() == target.structName() && fromType.fieldNames() != target.fieldNames() &&
        !fromType.fieldNames().empty())
      return evolve(*from, fromType, target);
  }
  const auto* items = itemsOf(value);
  if (!items || items->size() != target.size()) return mismatch(value, target);
  Tuple out{{}, target.annotation()};
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto converted = convert((*items)[i], target[i]);
    if (!converted) return converted;
    out.items.push_back(std::move(*converted));
  }
  return Value(std::move(out));
}

Result<Value> toOptional(const Value& value, const Signature& target) {
  if (value.as<Void>()) return Value(Optional{target[0], nullptr});
  const Value* content = &value;
  if (const auto* optional = value.as<Optional>()) {
    if (!optional->content) return Value(Optional{target[0], nullptr});
    content = optional->content.get();
  }
  auto converted = convert(*content, target[0]);
  if (!converted) return converted;
  return Value(Optional{target[0], std::make_shared<const Value>(std::move(*converted))});
}

template <class T>
Result<Value> only(const Value& value, const Signature& target) {
  if (value.as<T>()) return value;
  return mismatch(value, target);
}

}  // namespace

Result<Value> convert(const Value& value, const Signature& target) {
  if (target.kind() == Kind::dynamic) return dynamic(value);
  if (const auto* wrapped = value.as<Dynamic>())
    return wrapped->content ? convert(*wrapped->content, target) : mismatch(value, target);
  if (const auto* optional = value.as<Optional>(); optional && target.kind() != Kind::optional)
    return optional->content ? convert(*optional->content, target) : mismatch(value, target);
  switch (target.kind()) {
    case Kind::void_:
      return only<Void>(value, target);
    case Kind::bool_:
      return number<bool>(value, target);
    case Kind::int8:
      return number<std::int8_t>(value, target);
    case Kind::uint8:
      return number<std::uint8_t>(value, target);
    case Kind::int16:
      return number<std::int16_t>(value, target);
    case Kind::uint16:
      return number<std::uint16_t>(value, target);
    case Kind::int32:
      return number<std::int32_t>(value, target);
    case Kind::uint32:
      return number<std::uint32_t>(value, target);
    case Kind::int64:
      return number<std::int64_t>(value, target);
    case Kind::uint64:
      return number<std::uint64_t>(value, target);
    case Kind::float_:
      return number<float>(value, target);
    case Kind::double_:
      return number<double>(value, target);
    case Kind::string:
      return only<std::string>(value, target);
    case Kind::raw:
      return only<Bytes>(value, target);
    case Kind::object:
      return only<ObjectRef>(value, target);
    case Kind::list:
    case Kind::varargs:
      return toList(value, target);
    case Kind::map:
      return toMap(value, target);
    case Kind::tuple:
      return toTuple(value, target);
    case Kind::optional:
      return toOptional(value, target);
    case Kind::dynamic:
    case Kind::unknown:
    case Kind::none:
    case Kind::kwargs:
      break;
  }
  return mismatch(value, target);
}

bool mayConvert(const Signature& from, const Signature& to) {
  const auto isNumber = [](Kind kind) {
    return std::string_view("bcCwWiIlLfd").find(static_cast<char>(kind)) != std::string_view::npos;
  };
  const auto isList = [](Kind kind) { return kind == Kind::list || kind == Kind::varargs; };
  const auto all = [](const Signature& fields, const auto& fits) {
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (!fits(i)) return false;
    return true;
  };
  if (from.kind() == Kind::dynamic || to.kind() == Kind::dynamic) return true;
  if (to.kind() == Kind::optional)
    return from.kind() == Kind::void_ || mayConvert(from.kind() == Kind::optional ? from[0] : from, to[0]);
  if (from.kind() == Kind::optional) return mayConvert(from[0], to);
  if (isNumber(from.kind())) return isNumber(to.kind());
  if (isList(from.kind()) && isList(to.kind())) return mayConvert(from[0], to[0]);
  if (isList(from.kind()) && to.kind() == Kind::tuple)
    return all(to, [&](std::size_t i) { return mayConvert(from[0], to[i]); });
  if (from.kind() == Kind::tuple && isList(to.kind()))
    return all(from, [&](std::size_t i) { return mayConvert(from[i], to[0]); });
  if (from.kind() != to.kind()) return false;
  if (from.kind() == Kind::map) return mayConvert(from[0], to[0]) && mayConvert(from[1], to[1]);
  if (from.kind() != Kind::tuple) return true;
  if (!from.structName().empty() && from.structName() == to.structName()) return true;  // by their fields' names
  return from.size() == to.size() && all(from, [&](std::size_t i) { return mayConvert(from[i], to[i]); });
}

Result<Value> defaultValue(const Signature& type) {
  switch (type.kind()) {
    case Kind::void_:
      return Value();
    case Kind::string:
      return Value(std::string());
    case Kind::raw:
      return Value(Bytes());
    case Kind::dynamic:
      return Value(Dynamic{});
    case Kind::object:
      return Value(ObjectRef{std::make_shared<const MetaObject>(), ObjectRef::notCached, 0, 0, {}});
    case Kind::list:
    case Kind::varargs:
      return Value(List{type[0], {}, type.kind() == Kind::varargs});
    case Kind::map:
      return Value(Map{type[0], type[1], {}});
    case Kind::optional:
      return Value(Optional{type[0], nullptr});
    case Kind::tuple: {
      Tuple tuple{{}, type.annotation()};
      for (std::size_t i = 0; i < type.size(); ++i) {
        auto field = defaultValue(type[i]);
        if (!field) return field;
        tuple.items.push_back(std::move(*field));
      }
      return Value(std::move(tuple));
    }
    default:
      return convert(false, type);  // the numbers
  }
}

}  // namespace beckon::qi
