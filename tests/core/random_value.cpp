#include "tests/core/random_value.hpp"

#include <bit>
#include <limits>

namespace beckon::qi::test {
namespace {

std::size_t below(std::mt19937& random, std::size_t end) { return random() % end; }

template <class T>
T randomInteger(std::mt19937& random) {
  switch (below(random, 4)) {
    case 0:
      return std::numeric_limits<T>::min();
    case 1:
      return std::numeric_limits<T>::max();
    default:
      return static_cast<T>((std::uint64_t{random()} << 32 | random()) >> below(random, 64));
  }
}

std::string randomText(std::mt19937& random) {
  static const std::string pieces[] = {
      "a", "$", "\"", "\n", std::string(1, '\0'), "\xC3\xBC", "\xFF", "$map", "\xF0\x9F\x98\x80"};
  std::string text;
  for (std::size_t left = below(random, 6); left > 0; --left) text += pieces[below(random, std::size(pieces))];
  return text;
}

Bytes randomBytes(std::mt19937& random) {
  Bytes bytes(below(random, 9));
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

Signature randomStruct(std::mt19937& random, int depth) {
  static const std::string names[] = {"x", "y", "$raw", "label", "\xFF", ""};
  std::vector<Signature> fields;
  std::string annotation = "Struct";
  for (std::size_t left = below(random, 4); left > 0; --left) {
    fields.push_back(randomSignature(random, depth - 1));
    annotation += "," + names[below(random, std::size(names))];
  }
  return Signature::tupleOf(fields, below(random, 2) ? annotation : "");
}

std::shared_ptr<const MetaObject> randomMetaObject(std::mt19937& random) {
  auto object = std::make_shared<MetaObject>();
  object->description = randomText(random);
  for (std::uint32_t uid = random() % 3; uid > 0; --uid) {
    object->methods[uid] = {uid, "v", randomText(random), "(i)", "", {{randomText(random), ""}}, ""};
    object->signals[uid + 100] = {uid + 100, randomText(random), "(s)"};
  }
  return object;
}

Value randomObject(std::mt19937& random) {
  ObjectRef object{below(random, 3) ? randomMetaObject(random) : nullptr,
                   random() % 2 ? 1 : ObjectRef::notCached,
                   std::uint32_t(random()),
                   std::uint32_t(random() % 3),
                   {}};
  for (auto& byte : object.uid) byte = static_cast<std::uint8_t>(random());
  return object;
}

}  // namespace

Signature randomSignature(std::mt19937& random, int depth) {
  static constexpr std::string_view letters = "vbcCwWiIlLfdsrmo";
  if (depth <= 1 || below(random, 3) == 0) return Signature::of(letters.substr(below(random, letters.size()), 1));
  switch (below(random, 5)) {
    case 0:
      return Signature::listOf(randomSignature(random, depth - 1));
    case 1:
      return Signature::varargsOf(randomSignature(random, depth - 1));
    case 2:
      return Signature::optionalOf(randomSignature(random, depth - 1));
    case 3: {
      const auto key = below(random, 2) ? Signature::of("s") : randomSignature(random, depth - 1);
      return Signature::mapOf(key, randomSignature(random, depth - 1));
    }
    default:
      return randomStruct(random, depth);
  }
}

Value randomValue(std::mt19937& random, const Signature& type, int depth) {
  const auto part = [&](std::size_t child) { return randomValue(random, type[child], depth); };
  const std::size_t size = below(random, 4);
  switch (type.kind()) {
    case Kind::bool_:
      return below(random, 2) == 1;
    case Kind::int8:
      return randomInteger<std::int8_t>(random);
    case Kind::uint8:
      return randomInteger<std::uint8_t>(random);
    case Kind::int16:
      return randomInteger<std::int16_t>(random);
    case Kind::uint16:
      return randomInteger<std::uint16_t>(random);
    case Kind::int32:
      return randomInteger<std::int32_t>(random);
    case Kind::uint32:
      return randomInteger<std::uint32_t>(random);
    case Kind::int64:
      return randomInteger<std::int64_t>(random);
    case Kind::uint64:
      return randomInteger<std::uint64_t>(random);
    case Kind::float_:
      return std::bit_cast<float>(randomInteger<std::uint32_t>(random));
    case Kind::double_:
      return std::bit_cast<double>(randomInteger<std::uint64_t>(random));
    case Kind::string:
      return randomText(random);
    case Kind::raw:
      return randomBytes(random);
    case Kind::object:
      return randomObject(random);
    case Kind::dynamic: {
      if (below(random, 5) == 0) return Dynamic{};
      Signature inner = randomSignature(random, depth - 1);
      auto content = std::make_shared<const Value>(randomValue(random, inner, depth - 1));
      return Dynamic{std::move(inner), std::move(content)};
    }
    case Kind::list:
    case Kind::varargs: {
      List list{type[0], {}, type.kind() == Kind::varargs};
      for (std::size_t i = 0; i < size; ++i) list.items.push_back(part(0));
      return list;
    }
    case Kind::map: {
      Map map{type[0], type[1], {}};
      for (std::size_t i = 0; i < size; ++i) map.items.emplace_back(part(0), part(1));
      return map;
    }
    case Kind::tuple: {
      Tuple tuple{{}, type.annotation()};
      for (std::size_t i = 0; i < type.size(); ++i) tuple.items.push_back(part(i));
      return tuple;
    }
    case Kind::optional:
      return Optional{type[0], size ? std::make_shared<const Value>(part(0)) : nullptr};
    default:
      return Value();
  }
}

}  // namespace beckon::qi::test
