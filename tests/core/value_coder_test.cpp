#include "core/qi/value_coder.hpp"

#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"
#include "tests/core/hex.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace beckon::qi {
namespace {

using test::fromHex;
using test::toHex;

// The bytes become a value and the value the same bytes.
Value throughBytes(const std::string& hex, const std::string& type, ObjectFormat format = {}) {
  const Bytes bytes = fromHex(hex);
  Reader reader(bytes, format);
  Value value = readValue(reader, Signature::of(type));
  EXPECT_TRUE(reader.ok()) << type << ": " << reader.error()->cause;
  EXPECT_EQ(reader.left(), 0u) << type;
  EXPECT_EQ(toHex(encodeValue(value, format)), toHex(bytes)) << type;
  EXPECT_TRUE(value.signature().sameType(Signature::of(type))) << type;
  return value;
}

const char* const emptyMetaObject = "00000000 00000000 00000000 00000000";
const char* const uid = "000102030405060708090a0b0c0d0e0f10111213";

TEST(ValueCoder, codesEachNumber) {
  EXPECT_EQ(*throughBytes("01", "b").as<bool>(), true);
  EXPECT_EQ(*throughBytes("80", "c").as<std::int8_t>(), -128);
  EXPECT_EQ(*throughBytes("80", "C").as<std::uint8_t>(), 128);
  EXPECT_EQ(*throughBytes("0080", "w").as<std::int16_t>(), -32768);
  EXPECT_EQ(*throughBytes("0080", "W").as<std::uint16_t>(), 32768);
  EXPECT_EQ(*throughBytes("00000080", "i").as<std::int32_t>(), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(*throughBytes("00000080", "I").as<std::uint32_t>(), 0x80000000u);
  EXPECT_EQ(*throughBytes("0000000000000080", "l").as<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(*throughBytes("ffffffffffffffff", "L").as<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*throughBytes("0000c03f", "f").as<float>(), 1.5f);
  EXPECT_EQ(*throughBytes("000000000000f83f", "d").as<double>(), 1.5);
}

TEST(ValueCoder, keepsTheBitsOfSpecialNumbers) {
  EXPECT_TRUE(std::isnan(*throughBytes("0100c07f", "f").as<float>()));
  EXPECT_TRUE(std::isnan(*throughBytes("efbeaddeadfbf8ff", "d").as<double>()));
  EXPECT_TRUE(std::signbit(*throughBytes("0000000000000080", "d").as<double>()));
  throughBytes("000080ff", "f");
}

TEST(ValueCoder, codesTextAndRawByLength) {
  EXPECT_EQ(*throughBytes("02000000 6869", "s").as<std::string>(), "hi");
  EXPECT_EQ(*throughBytes("03000000 00ff80", "s").as<std::string>(), std::string("\0\xFF\x80", 3)) << "not UTF-8";
  EXPECT_EQ(*throughBytes("00000000", "s").as<std::string>(), "");
  EXPECT_EQ(*throughBytes("03000000 00ff80", "r").as<Bytes>(), fromHex("00ff80"));
}

TEST(ValueCoder, codesContainers) {
  EXPECT_EQ(throughBytes("02000000 01000000 02000000", "[i]").as<List>()->items.size(), 2u);
  EXPECT_TRUE(throughBytes("02000000 01000000 02000000", "#i").as<List>()->varargs);
  EXPECT_EQ(throughBytes("00000000", "[s]").as<List>()->element.text(), "s");
  EXPECT_EQ(throughBytes("02000000 6202 6101", "{cC}").as<Map>()->items.size(), 2u) << "in the order of the wire";
  EXPECT_EQ(throughBytes("02000000 6101 6102", "{cC}").as<Map>()->items.size(), 2u) << "a key twice";
  EXPECT_EQ(throughBytes("01 02 0300", "(bcw)").as<Tuple>()->items.size(), 3u);
  EXPECT_EQ(throughBytes("", "()").as<Tuple>()->items.size(), 0u);
  EXPECT_EQ(throughBytes("01000000 000000000000f03f 01000000 70", "(ids)<Point,x,y,label>").as<Tuple>()->annotation,
            "Point,x,y,label");
  EXPECT_TRUE(throughBytes("", "v").as<Void>());
  throughBytes("03000000", "[v]");
}

TEST(ValueCoder, codesOptionals) {
  EXPECT_FALSE(throughBytes("00", "+i").as<Optional>()->content);
  EXPECT_EQ(*throughBytes("01 05000000", "+i").as<Optional>()->content->as<std::int32_t>(), 5);
  throughBytes("01 01 07", "++c");
  throughBytes("01 00", "++c");
  throughBytes("02000000 00 01 07", "[+c]");
}

TEST(ValueCoder, codesDynamicsWithTheirTypes) {
  EXPECT_EQ(*throughBytes("01000000 69 07000000", "m").inner().as<std::int32_t>(), 7);
  EXPECT_TRUE(throughBytes("01000000 76", "m").inner().as<Void>()) << "a dynamic void";
  EXPECT_EQ(*throughBytes("01000000 6d 01000000 63 05", "m").inner().as<std::int8_t>(), 5) << "in another";
  throughBytes("03000000 5b6d5d 02000000 01000000 62 01 00000000", "m");
  EXPECT_EQ(throughBytes("04000000 693c613e 07000000", "m").as<Dynamic>()->signature.text(), "i<a>");
  throughBytes("03000000 693c3e 07000000", "m");
}

TEST(ValueCoder, knowsTheInvalidDynamic) {
  const Value value = throughBytes("00000000", "m");
  ASSERT_TRUE(value.as<Dynamic>());
  EXPECT_FALSE(value.as<Dynamic>()->content);
  EXPECT_TRUE(value.inner().as<Void>());
}

TEST(ValueCoder, codesObjectsAsTheConnectionAgreed) {
  const std::string meta = emptyMetaObject, numbers = "02000000 03000000";
  const auto plain = *throughBytes(meta + numbers + uid, "o").as<ObjectRef>();
  EXPECT_EQ(plain.service, 2u);
  EXPECT_EQ(plain.object, 3u);
  EXPECT_EQ(toHex(plain.uid), uid);
  EXPECT_EQ(plain.cacheId, ObjectRef::notCached);
  ASSERT_TRUE(plain.metaObject);
  EXPECT_TRUE(plain.metaObject->methods.empty());

  const auto bare = *throughBytes(meta + numbers, "o", {.metaObjectCache = false, .uid = false}).as<ObjectRef>();
  EXPECT_EQ(bare.uid, ObjectUid{});

  const ObjectFormat cached{.metaObjectCache = true, .uid = true};
  const auto first = *throughBytes("01" + meta + "01000000" + numbers + uid, "o", cached).as<ObjectRef>();
  EXPECT_TRUE(first.metaObject);
  EXPECT_EQ(first.cacheId, 1u);
  const auto again = *throughBytes("00 01000000" + numbers + uid, "o", cached).as<ObjectRef>();
  EXPECT_FALSE(again.metaObject);

  const ObjectFormat smallest{.metaObjectCache = true, .uid = false};
  throughBytes("00 01000000" + numbers, "o", smallest);
  throughBytes("02000000 00 01000000" + numbers + "00 01000000" + numbers, "[o]", smallest);
}

TEST(ValueCoder, codesTheNullObject) {
  const Value null = ObjectRef{nullptr, ObjectRef::notCached, 5, 0, {}};
  EXPECT_EQ(toHex(encodeValue(null, {false, false})),
            toHex(fromHex(std::string(emptyMetaObject) + "05000000 00000000")));
  throughBytes(std::string(emptyMetaObject) + "05000000 00000000" + uid, "o");
}

TEST(ValueCoder, ignoresBytesBehindTheValue) {
  EXPECT_EQ(*decodeValue(fromHex("05000000 ffff"), Signature::of("i"))->as<std::int32_t>(), 5);
}

TEST(ValueCoder, refusesTypesThatCannotTravel) {
  for (const std::string type : {"X", "_", "~s", "(iX)", "[_]", "+~m"}) {
    const auto value = decodeValue(fromHex("01000000 01000000"), Signature::of(type));
    ASSERT_FALSE(value) << type;
    EXPECT_EQ(value.error().code, run::Code::protocolError);
    EXPECT_NE(value.error().cause.find("cannot travel"), std::string::npos) << value.error().cause;
  }
  EXPECT_FALSE(decodeValue(fromHex("01000000 58"), Signature::of("m")));
}

TEST(ValueCoder, refusesADynamicWhoseTypeIsNone) {
  for (const std::string hex : {"01000000 5b", "02000000 6969 01000000", "01000000 00", "ff000000 69"})
    EXPECT_FALSE(decodeValue(fromHex(hex), Signature::of("m"))) << hex;
}

TEST(ValueCoder, refusesARichValueCutAtEveryByte) {
  const auto type = Signature::of("(s[i]{sm}+d(bcCwWiIlLfdr)<N,a,b,c,d,e,f,g,h,i,j,k>m#so)");
  const auto object = ObjectRef{std::make_shared<MetaObject>(MetaObject{
                                    {{1, {1, "v", "f", "()", "", {{"a", "b"}}, ""}}}, {{2, {2, "s", "(i)"}}}, {}, "d"}),
                                ObjectRef::notCached,
                                2,
                                3,
                                {1}};
  const Value numbers =
      Tuple{{true, std::int8_t{1}, std::uint8_t{2}, std::int16_t{3}, std::uint16_t{4}, std::int32_t{5},
             std::uint32_t{6}, std::int64_t{7}, std::uint64_t{8}, 9.0f, 10.0, fromHex("0b0c")},
            "N,a,b,c,d,e,f,g,h,i,j,k"};
  const Value value =
      Tuple{{std::string("text"), List{type[1][0], {1, 2, 3}},
             Map{type[2][0], type[2][1], {{"k", dynamic(1.5)}, {"l", Dynamic{}}}},
             Optional{type[3][0], std::make_shared<const Value>(2.5)}, numbers,
             dynamic(List{Signature::of("m"), {dynamic("a"), dynamic(7)}}), List{type[6][0], {"x", "y"}, true}, object},
            ""};
  ASSERT_EQ(value.signature().text(), type.text());
  const Bytes bytes = encodeValue(value);
  ASSERT_EQ(toHex(encodeValue(*decodeValue(bytes, type))), toHex(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A copy of just these bytes, so that reading beyond them is seen by the address sanitizer.
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto decoded = decodeValue(cut, type);
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().code, run::Code::protocolError) << size;
  }
}

TEST(Value, knowsItsType) {
  EXPECT_EQ(Value().signature().text(), "v");
  EXPECT_EQ(Value(1).signature().text(), "i");
  EXPECT_EQ(Value(true).signature().text(), "b");
  EXPECT_EQ(Value("text").signature().text(), "s") << "not a bool";
  EXPECT_EQ(Value(1.5f).signature().text(), "f");
  EXPECT_EQ(Value(std::uint64_t{1}).signature().text(), "L");
  EXPECT_EQ(dynamic(1).signature().text(), "m");
  EXPECT_EQ(Value(Tuple{{1, "a"}, "P,x,y"}).signature().text(), "(is)<P,x,y>");
  EXPECT_EQ(Value(Optional{Signature::of("[s]"), nullptr}).signature().text(), "+[s]");
}

TEST(Value, looksThroughDynamics) {
  EXPECT_EQ(*Value(5).inner().as<std::int32_t>(), 5);
  const Value twice = Dynamic{Signature::of("m"), std::make_shared<const Value>(dynamic(5))};
  EXPECT_EQ(*twice.inner().as<std::int32_t>(), 5);
}

TEST(Value, becomesADynamicOnlyOnce) {
  const Value once = dynamic("text");
  EXPECT_EQ(toJsonText(once), toJsonText(dynamic(once)));
}

TEST(ValueCoder, namesATypeThatCannotTravelInReadableText) {
  const auto refused = decodeValue({}, Signature::of("~i<\xE7\xE7>"));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(isUtf8(refused.error().cause)) << refused.error().cause;
}

}  // namespace
}  // namespace beckon::qi
