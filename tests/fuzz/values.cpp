// A payload that decodes comes back from its bytes and from its JSON, and fits its own type; whether it has an object
// in it is found without decoding, too. Input: one byte for the form of objects, the signature, a zero byte, the
// payload.
#include "core/qi/convert.hpp"
#include "core/qi/error_payload.hpp"
#include "core/qi/json.hpp"
#include "core/qi/object_scan.hpp"
#include "core/qi/utf8.hpp"
#include "tests/fuzz/check.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace beckon::qi;
using beckon::fuzz::check;

namespace {

bool hasObject(const Value& value) {
  const auto has = [](const auto& parts) { return std::ranges::any_of(parts, hasObject); };
  if (value.as<ObjectRef>()) return true;
  if (const auto* list = value.as<List>()) return has(list->items);
  if (const auto* tuple = value.as<Tuple>()) return has(tuple->items);
  if (const auto* map = value.as<Map>())
    return std::ranges::any_of(map->items,
                               [](const auto& entry) { return hasObject(entry.first) || hasObject(entry.second); });
  if (const auto* dynamic = value.as<Dynamic>()) return dynamic->content && hasObject(*dynamic->content);
  if (const auto* optional = value.as<Optional>()) return optional->content && hasObject(*optional->content);
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ObjectFormat format{.metaObjectCache = (data[0] & 1) != 0, .uid = (data[0] & 2) != 0};
  const ByteView rest(data + 1, size - 1);
  const auto zero = static_cast<std::size_t>(std::find(rest.begin(), rest.end(), 0) - rest.begin());
  const auto type = Signature::parse(beckon::fuzz::textOf(rest.first(zero)));
  if (!type || zero == rest.size()) return 0;

  // A copy of its own, freed before the value is used.
  auto payload = std::make_unique<Bytes>(rest.begin() + static_cast<std::ptrdiff_t>(zero) + 1, rest.end());
  check(isUtf8(decodeErrorText(*payload)));
  Reader reader(*payload, format);
  const Value value = readValue(reader, *type);
  const std::size_t taken = reader.position();
  const auto holds = holdsObjects(*payload, *type);
  payload.reset();
  if (!reader.ok()) {
    check(isUtf8(reader.error()->cause) && !reader.error()->nextStep.empty());
    return 0;
  }
  check(value.signature().sameType(*type));
  check(holds && *holds == hasObject(value));
  const Bytes bytes = encodeValue(value, format);
  check(bytes.size() <= taken);  // less where a meta object had a key twice
  const auto again = decodeValue(bytes, *type, format);
  check(again && encodeValue(*again, format) == bytes);

  const Bytes whole = encodeValue(value, wholeObjects);
  const auto json = parseJson(toJsonText(value));
  check(json.has_value());
  const auto fromText = fromJson(*json, *type);
  check(fromText && encodeValue(*fromText, wholeObjects) == whole);
  const auto same = convert(value, *type);
  check(same && encodeValue(*same, wholeObjects) == whole);
  return 0;
}
