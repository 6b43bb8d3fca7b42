#pragma once

#include "core/qi/reader.hpp"
#include "core/qi/signature.hpp"
#include "core/qi/writer.hpp"

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// Encoders and decoders made from C++ types when the program is compiled: no dynamic value is built.
//   Codec<T>::signature   the type's signature, a constant
//   Codec<T>::minSize     bytes that a value takes at least
//   Codec<T>::write(writer, value), Codec<T>::read(reader, value)
// A struct takes part once Struct<T> names its fields (see meta_object.hpp for examples).
namespace beckon::qi {

// Text that is known when the program is compiled.
template <std::size_t N>
struct Text {
  std::array<char, N> chars{};
  constexpr Text() = default;
  constexpr Text(const char (&from)[N + 1]) {
    for (std::size_t i = 0; i < N; ++i) chars[i] = from[i];
  }
  constexpr std::string_view view() const { return {chars.data(), N}; }
};
template <std::size_t M>
Text(const char (&)[M]) -> Text<M - 1>;

template <std::size_t A, std::size_t B>
constexpr Text<A + B> operator+(const Text<A>& a, const Text<B>& b) {
  Text<A + B> out;
  for (std::size_t i = 0; i < A; ++i) out.chars[i] = a.chars[i];
  for (std::size_t i = 0; i < B; ++i) out.chars[A + i] = b.chars[i];
  return out;
}

template <class T>
struct Codec;

// Specialised for each struct that travels: `name` and a tuple of Fields in wire order.
template <class T>
struct Struct;

template <std::size_t N, class T, class Member>
struct Field {
  using Type = Member;
  Text<N> name;
  Member T::*member;
  constexpr Field(Text<N> fieldName, Member T::*pointer) : name(fieldName), member(pointer) {}
};

template <class T>
concept Described = requires {
  Struct<T>::fields;
};

template <Number T>
struct Codec<T> {
  static constexpr char letter() {
    if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? 'f' : 'd';
    constexpr bool isSigned = std::is_signed_v<T>;
    switch (sizeof(T)) {
      case 1:
        return isSigned ? 'c' : 'C';
      case 2:
        return isSigned ? 'w' : 'W';
      case 4:
        return isSigned ? 'i' : 'I';
      default:
        return isSigned ? 'l' : 'L';
    }
  }
  static constexpr Text<1> signature{{letter(), 0}};
  static constexpr std::size_t minSize = sizeof(T);
  static void write(Writer& to, T value) { to.number(value); }
  static void read(Reader& from, T& value) { value = from.number<T>(); }
};

template <>
struct Codec<bool> {
  static constexpr Text signature{"b"};
  static constexpr std::size_t minSize = 1;
  static void write(Writer& to, bool value) { to.boolean(value); }
  static void read(Reader& from, bool& value) { value = from.boolean(); }
};

template <>
struct Codec<std::string> {
  static constexpr Text signature{"s"};
  static constexpr std::size_t minSize = 4;
  static void write(Writer& to, std::string_view value) { to.string(value); }
  static void read(Reader& from, std::string& value) { value = from.string(); }
};

template <>
struct Codec<Bytes> {
  static constexpr Text signature{"r"};
  static constexpr std::size_t minSize = 4;
  static void write(Writer& to, const Bytes& value) { to.sized(value); }
  static void read(Reader& from, Bytes& value) {
    const auto bytes = from.sized();
    value.resize(bytes.size());
    if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
  }
};

// Bytes where they lie in the message. For parameters of methods, which end before their message does; everything else
// takes Bytes.
template <>
struct Codec<ByteView> {
  static constexpr Text signature{"r"};
  static constexpr std::size_t minSize = 4;
  static void write(Writer& to, ByteView value) { to.sized(value); }
  static void read(Reader& from, ByteView& value) { value = from.sized(); }
};

template <class T>
struct Codec<std::vector<T>> {
  static constexpr auto signature = Text{"["} + Codec<T>::signature + Text{"]"};
  static constexpr std::size_t minSize = 4;
  static void write(Writer& to, const std::vector<T>& value) {
    to.count(value.size());
    for (const auto& element : value) Codec<T>::write(to, element);
  }
  static void read(Reader& from, std::vector<T>& value) {
    const Reader::Nested nested(from);
    std::size_t left = from.count(Codec<T>::minSize);
    value.clear();
    value.reserve(left);
    for (; left > 0 && from.ok(); --left) {
      T element{};
      Codec<T>::read(from, element);
      value.push_back(std::move(element));
    }
  }
};

template <class K, class V>
struct Codec<std::map<K, V>> {
  static constexpr auto signature = Text{"{"} + Codec<K>::signature + Codec<V>::signature + Text{"}"};
  static constexpr std::size_t minSize = 4;
  static void write(Writer& to, const std::map<K, V>& value) {
    to.count(value.size());
    for (const auto& [key, mapped] : value) {
      Codec<K>::write(to, key);
      Codec<V>::write(to, mapped);
    }
  }
  static void read(Reader& from, std::map<K, V>& value) {
    const Reader::Nested nested(from);
    value.clear();
    for (std::size_t left = from.count(Codec<K>::minSize + Codec<V>::minSize); left > 0 && from.ok(); --left) {
      std::pair<K, V> entry;
      Codec<K>::read(from, entry.first);
      Codec<V>::read(from, entry.second);
      value.insert(std::move(entry));
    }
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr auto signature = Text{"+"} + Codec<T>::signature;
  static constexpr std::size_t minSize = 1;
  static void write(Writer& to, const std::optional<T>& value) {
    to.boolean(value.has_value());
    if (value) Codec<T>::write(to, *value);
  }
  static void read(Reader& from, std::optional<T>& value) {
    const Reader::Nested nested(from);
    value.reset();
    if (from.boolean()) Codec<T>::read(from, value.emplace());
  }
};

template <class... Ts>
struct Codec<std::tuple<Ts...>> {
  static constexpr auto signature = (Text{"("} + ... + Codec<Ts>::signature) + Text{")"};
  static constexpr std::size_t minSize = (std::size_t{0} + ... + Codec<Ts>::minSize);
  static void write(Writer& to, const std::tuple<Ts...>& value) {
    std::apply([&](const Ts&... each) { (Codec<Ts>::write(to, each), ...); }, value);
  }
  static void read(Reader& from, std::tuple<Ts...>& value) {
    const Reader::Nested nested(from);
    std::apply([&](Ts&... each) { (Codec<Ts>::read(from, each), ...); }, value);
  }
};

template <Described T>
struct Codec<T> {
  template <class F>
  using Of = Codec<typename F::Type>;

  static constexpr auto signature = std::apply(
      [](const auto&... field) {
        const auto types = (Text{"("} + ... + Of<std::remove_cvref_t<decltype(field)>>::signature);
        const auto names = (Struct<T>::name + ... + (Text{","} + field.name));
        return types + Text{")<"} + names + Text{">"};
      },
      Struct<T>::fields);
  static constexpr std::size_t minSize = std::apply(
      [](const auto&... field) { return (std::size_t{0} + ... + Of<std::remove_cvref_t<decltype(field)>>::minSize); },
      Struct<T>::fields);
  static void write(Writer& to, const T& value) {
    std::apply(
        [&](const auto&... field) { (Of<std::remove_cvref_t<decltype(field)>>::write(to, value.*field.member), ...); },
        Struct<T>::fields);
  }
  static void read(Reader& from, T& value) {
    const Reader::Nested nested(from);
    std::apply(
        [&](const auto&... field) { (Of<std::remove_cvref_t<decltype(field)>>::read(from, value.*field.member), ...); },
        Struct<T>::fields);
  }
};

// Several values one after the other, as a call's arguments stand.
template <class... Ts>
Bytes encodeAll(ObjectFormat format, const Ts&... values) {
  Writer writer(format);
  (Codec<Ts>::write(writer, values), ...);
  return writer.take();
}

template <class T>
constexpr std::string_view signatureText() {
  return Codec<T>::signature.view();
}

// The same of a function's result, which may be void.
template <class R>
constexpr std::string_view returnText() {
  if constexpr (std::is_void_v<R>)
    return "v";
  else
    return signatureText<R>();
}

// The same as a parsed signature, parsed once.
template <class T>
const Signature& signatureOf() {
  static const Signature signature = Signature::of(signatureText<T>());
  return signature;
}

template <class T>
Bytes encode(const T& value, ObjectFormat format = {}) {
  Writer writer(format);
  Codec<T>::write(writer, value);
  return writer.take();
}

// Bytes behind the value are ignored, as libqi does.
template <class T>
run::Result<T> decode(ByteView bytes, ObjectFormat format = {}) {
  Reader reader(bytes, format);
  T value{};
  Codec<T>::read(reader, value);
  if (reader.error()) return *reader.error();
  return value;
}

}  // namespace beckon::qi
