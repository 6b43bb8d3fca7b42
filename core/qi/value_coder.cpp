#include "core/qi/value_coder.hpp"

#include "core/qi/object_exchange.hpp"
#include "core/qi/utf8.hpp"

#include <algorithm>

namespace beckon::qi {
namespace {

struct WriteData {
  Writer& to;

  void operator()(const List& list) const {
    to.count(list.items.size());
    for (const auto& item : list.items) writeValue(to, item);
  }
  void operator()(const Map& map) const {
    to.count(map.items.size());
    for (const auto& [key, mapped] : map.items) {
      writeValue(to, key);
      writeValue(to, mapped);
    }
  }
  void operator()(const Tuple& tuple) const {
    for (const auto& item : tuple.items) writeValue(to, item);
  }
  void operator()(const Dynamic& dynamic) const {
    to.string(dynamic.content ? dynamic.signature.text() : std::string());
    if (dynamic.content) writeValue(to, *dynamic.content);
  }
  void operator()(const Optional& optional) const {
    to.boolean(optional.content != nullptr);
    if (optional.content) writeValue(to, *optional.content);
  }
  template <class T>
  void operator()(const T& value) const {
    Codec<T>::write(to, value);
  }
};

template <class T>
Value readAs(Reader& from) {
  T value{};
  Codec<T>::read(from, value);
  return value;
}

Value readList(Reader& from, const Signature& type) {
  List list{type[0], {}, type.kind() == Kind::varargs};
  std::size_t left = from.count(list.element.minSize());
  from.admit(left);
  if (from.ok()) list.items.reserve(left);
  for (; left > 0 && from.ok(); --left) list.items.push_back(readValue(from, list.element));
  return list;
}

Value readMap(Reader& from, const Signature& type) {
  Map map{type[0], type[1], {}};
  std::size_t left = from.count(map.key.minSize() + map.mapped.minSize());
  from.admit(2 * left);
  if (from.ok()) map.items.reserve(left);
  for (; left > 0 && from.ok(); --left) {
    Value key = readValue(from, map.key);
    map.items.emplace_back(std::move(key), readValue(from, map.mapped));
  }
  return map;
}

Value readTuple(Reader& from, const Signature& type) {
  Tuple tuple{{}, type.annotation()};
  from.admit(type.size());
  if (from.ok()) tuple.items.reserve(type.size());
  for (std::size_t i = 0; i < type.size() && from.ok(); ++i) {
    const Signature field = type[i];
    if (field.minSize() == 0) from.admitEmpty(1);
    tuple.items.push_back(readValue(from, field));
  }
  return tuple;
}

Value readOptional(Reader& from, const Signature& type) {
  Optional optional{type[0], nullptr};
  if (from.boolean()) optional.content = std::make_shared<const Value>(readValue(from, optional.element));
  return optional;
}

}  // namespace

void writeValue(Writer& to, const Value& value) { std::visit(WriteData{to}, value.data()); }

Value readValue(Reader& from, const Signature& type) {
  if (type.kind() == Kind::dynamic) return readAs<Value>(from);  // counts its own level
  const Reader::Nested nested(from);
  if (!from.ok()) return {};
  switch (type.kind()) {
    case Kind::void_:
      return {};
    case Kind::bool_:
      return from.boolean();
    case Kind::int8:
      return from.number<std::int8_t>();
    case Kind::uint8:
      return from.number<std::uint8_t>();
    case Kind::int16:
      return from.number<std::int16_t>();
    case Kind::uint16:
      return from.number<std::uint16_t>();
    case Kind::int32:
      return from.number<std::int32_t>();
    case Kind::uint32:
      return from.number<std::uint32_t>();
    case Kind::int64:
      return from.number<std::int64_t>();
    case Kind::uint64:
      return from.number<std::uint64_t>();
    case Kind::float_:
      return from.number<float>();
    case Kind::double_:
      return from.number<double>();
    case Kind::string:
      return readAs<std::string>(from);
    case Kind::raw:
      return readAs<Bytes>(from);
    case Kind::object:
      return readAs<ObjectRef>(from);
    case Kind::list:
    case Kind::varargs:
      return readList(from, type);
    case Kind::map:
      return readMap(from, type);
    case Kind::tuple:
      return readTuple(from, type);
    case Kind::optional:
      return readOptional(from, type);
    case Kind::dynamic:
    case Kind::unknown:
    case Kind::none:
    case Kind::kwargs:
      break;
  }
  from.fail({run::Code::protocolError, "a value of type \"" + printable(type.text(), 200) + "\" cannot travel",
             "declare the member with a type that has values"});
  return {};
}

Bytes encodeValue(const Value& value, ObjectFormat format) {
  Writer writer(format);
  writeValue(writer, value);
  return writer.take();
}

run::Result<Value> decodeValue(ByteView bytes, const Signature& type, ObjectFormat format) {
  Reader reader(bytes, format);
  Value value = readValue(reader, type);
  if (reader.error()) return *reader.error();
  return value;
}

void Codec<Value>::write(Writer& to, const Value& value) { writeValue(to, dynamic(value)); }

void Codec<Value>::read(Reader& from, Value& value) {
  const Reader::Nested nested(from);
  const std::string_view text = from.string();
  if (text.empty()) {
    value = Dynamic{};
    return;
  }
  auto type = Signature::parse(text);
  if (!type) {
    from.fail(std::move(type).error());
    value = Dynamic{};
    return;
  }
  auto content = std::make_shared<const Value>(readValue(from, *type));
  value = Dynamic{std::move(*type), std::move(content)};
}

void Codec<ObjectRef>::write(Writer& to, const ObjectRef& object) {
  static const MetaObject empty;
  auto* const exchange = to.format().exchange;
  const ObjectRef value = exchange ? exchange->give(object, to.format()) : object;
  if (to.format().metaObjectCache) {
    to.boolean(value.metaObject != nullptr);
    if (value.metaObject) Codec<MetaObject>::write(to, *value.metaObject);
    to.number(value.cacheId);
  } else {
    Codec<MetaObject>::write(to, value.metaObject ? *value.metaObject : empty);
  }
  to.number(value.service);
  to.number(value.object);
  if (to.format().uid) to.plain(value.uid);
}

void Codec<ObjectRef>::read(Reader& from, ObjectRef& value) {
  value = {};
  if (!from.format().metaObjectCache || from.boolean()) {
    auto metaObject = std::make_shared<MetaObject>();
    Codec<MetaObject>::read(from, *metaObject);
    value.metaObject = std::move(metaObject);
  }
  if (from.format().metaObjectCache) value.cacheId = from.number<std::uint32_t>();
  value.service = from.number<std::uint32_t>();
  value.object = from.number<std::uint32_t>();
  if (from.format().uid) {
    const auto uid = from.plain(value.uid.size());
    std::ranges::copy(uid, value.uid.begin());
  }
  if (!from.ok() || !from.format().exchange) return;
  if (auto taken = from.format().exchange->take(value); !taken) from.fail(std::move(taken).error());
}

}  // namespace beckon::qi
