#include "core/qi/codec.hpp"

#include "core/qi/value_coder.hpp"
#include "tests/core/hex.hpp"
#include "tests/core/point.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

using test::fromHex;
using test::Point;
using test::toHex;

struct Path {
  std::vector<Point> points;
  std::map<std::string, std::optional<std::int16_t>> marks;
  bool operator==(const Path&) const = default;
};

}  // namespace

template <>
struct Struct<Path> {
  using T = Path;
  static constexpr Text name{"Path"};
  static constexpr auto fields = std::tuple{Field{Text{"points"}, &T::points}, Field{Text{"marks"}, &T::marks}};
};

namespace {

template <class T>
void expectThroughBytes(const T& value) {
  const Bytes bytes = encode(value);
  const auto again = decode<T>(bytes);
  ASSERT_TRUE(again) << again.error().cause;
  EXPECT_EQ(*again, value);
  const auto dynamicValue = decodeValue(bytes, signatureOf<T>());
  ASSERT_TRUE(dynamicValue) << dynamicValue.error().cause;
  EXPECT_EQ(toHex(encodeValue(*dynamicValue)), toHex(bytes)) << "the dynamic coder agrees";
}

TEST(Codec, knowsTheSignatureOfCppTypes) {
  EXPECT_EQ(signatureText<bool>(), "b");
  EXPECT_EQ(signatureText<std::int8_t>(), "c");
  EXPECT_EQ(signatureText<std::uint8_t>(), "C");
  EXPECT_EQ(signatureText<std::int16_t>(), "w");
  EXPECT_EQ(signatureText<std::uint16_t>(), "W");
  EXPECT_EQ(signatureText<std::int32_t>(), "i");
  EXPECT_EQ(signatureText<std::uint32_t>(), "I");
  EXPECT_EQ(signatureText<std::int64_t>(), "l");
  EXPECT_EQ(signatureText<long long>(), "l");
  EXPECT_EQ(signatureText<std::uint64_t>(), "L");
  EXPECT_EQ(signatureText<float>(), "f");
  EXPECT_EQ(signatureText<double>(), "d");
  EXPECT_EQ(signatureText<std::string>(), "s");
  EXPECT_EQ(signatureText<Bytes>(), "r");
  EXPECT_EQ(signatureText<Void>(), "v");
  EXPECT_EQ(signatureText<Value>(), "m");
  EXPECT_EQ(signatureText<ObjectRef>(), "o");
  EXPECT_EQ((signatureText<std::tuple<>>()), "()");
  EXPECT_EQ((signatureText<std::tuple<int, std::vector<std::string>, std::map<std::uint32_t, Value>>>()), "(i[s]{Im})");
  EXPECT_EQ(signatureText<std::optional<std::vector<float>>>(), "+[f]");
  EXPECT_EQ(signatureText<Path>(), "([(ids)<Point,x,y,label>]{s+w})<Path,points,marks>");
}

TEST(Codec, agreesWithTheParsedSignatureOnTheLeastBytes) {
  const auto check = [](auto value) {
    using T = decltype(value);
    EXPECT_EQ(Codec<T>::minSize, signatureOf<T>().minSize()) << signatureText<T>();
  };
  check(true);
  check(std::int16_t{});
  check(1.5);
  check(std::string());
  check(Bytes());
  check(Void());
  check(Value());
  check(ObjectRef());
  check(Path());
  check(MetaObject());
  check(std::optional<double>());
  check(std::tuple<int, double, Void>());
}

TEST(Codec, writesValuesWithoutPaddingInLittleEndian) {
  EXPECT_EQ(toHex(encode(std::tuple(true, std::int16_t{-2}, 1.5f, std::string("hi")))), "01feff0000c03f020000006869");
  EXPECT_EQ(toHex(encode(Point{1, 2.5, "p"})), toHex(fromHex("01000000 0000000000000440 01000000 70")));
  EXPECT_EQ(toHex(encode(std::optional<std::int16_t>())), "00");
  EXPECT_EQ(toHex(encode(std::map<std::string, std::uint8_t>{{"b", 2}, {"a", 1}})),
            toHex(fromHex("02000000 01000000 61 01 01000000 62 02")));
}

TEST(Codec, readsBackWhatItWrote) {
  expectThroughBytes(Path{{{1, 2.5, "a"}, {-3, -0.0, ""}}, {{"home", 7}, {"", {}}}});
  expectThroughBytes(std::tuple(false, fromHex("00ff"), std::vector<std::vector<std::int64_t>>{{}, {1, -1}}));
  expectThroughBytes(std::vector<bool>{});
  expectThroughBytes(std::optional(std::optional<int>()));
  expectThroughBytes(MetaObject{{{1, {1, "v", "f", "()", "d", {{"a", "b"}}, "r"}}}, {{2, {2, "s", "(i)"}}}, {}, "m"});
}

TEST(Codec, ignoresBytesBehindTheValue) { EXPECT_EQ(decode<std::int16_t>(fromHex("0500ffff")).value(), 5); }

TEST(Codec, refusesAStructCutAtEveryByte) {
  const Bytes bytes = encode(Path{{{1, 2.5, "a"}}, {{"home", 7}, {"x", {}}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(decode<Path>(cut)) << size;
  }
}

TEST(Codec, keepsTheFirstOfTwoEqualKeys) {
  const auto map = decode<std::map<std::uint8_t, std::uint8_t>>(fromHex("02000000 0101 0102"));
  EXPECT_EQ(map.value(), (std::map<std::uint8_t, std::uint8_t>{{1, 1}}));
}

TEST(Codec, encodesAnyValueAsADynamicWhereTheTypeIsDynamic) {
  EXPECT_EQ(toHex(encode(Value(std::int32_t{7}))), toHex(fromHex("01000000 69 07000000")));
  EXPECT_EQ(toHex(encode(dynamic(std::int32_t{7}))), toHex(fromHex("01000000 69 07000000")));
  EXPECT_EQ(toHex(encode(Value())), toHex(fromHex("01000000 76")));
}

TEST(Writer, refusesLengthsThatTheWireCannotSay) {
  Writer writer;
  EXPECT_THROW(writer.count(std::size_t{1} << 32), std::length_error);
  writer.count((std::size_t{1} << 32) - 1);
  EXPECT_EQ(toHex(writer.bytes()), "ffffffff");
}

}  // namespace
}  // namespace beckon::qi
