#include "core/qi/reader.hpp"

#include "core/qi/value_coder.hpp"
#include "tests/core/hex.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

using test::fromHex;

run::Code decodingRefusal(const std::string& hex, const std::string& type) {
  const auto value = decodeValue(fromHex(hex), Signature::of(type));
  EXPECT_FALSE(value) << hex << " as " << type;
  return value ? run::Code::internal : value.error().code;
}

TEST(Reader, failsOnceAndGivesNothingAfterwards) {
  const Bytes bytes = fromHex("0100 020000");
  Reader reader(bytes);
  EXPECT_EQ(reader.number<std::uint16_t>(), 1);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.number<std::uint32_t>(), 0u);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error()->code, run::Code::protocolError);
  EXPECT_EQ(reader.error()->cause, "the message ends 1 bytes before its value does");
  EXPECT_EQ(reader.number<std::uint8_t>(), 0) << "though a byte is left";
  EXPECT_EQ(reader.string(), "");
  EXPECT_EQ(reader.count(1), 0u);
  EXPECT_EQ(reader.error()->cause, "the message ends 1 bytes before its value does") << "the first error stays";
}

TEST(Reader, takesAnyByteButZeroForTrue) {
  const Bytes bytes = fromHex("00 01 02 ff");
  Reader reader(bytes);
  EXPECT_FALSE(reader.boolean());
  EXPECT_TRUE(reader.boolean());
  EXPECT_TRUE(reader.boolean());
  EXPECT_TRUE(reader.boolean());
}

TEST(Reader, refusesAStringLongerThanTheMessage) {
  EXPECT_EQ(decodingRefusal("05000000 61626364", "s"), run::Code::protocolError);
  EXPECT_EQ(decodingRefusal("ffffffff 61626364", "s"), run::Code::protocolError);
  EXPECT_EQ(decodingRefusal("ffffffff 61626364", "r"), run::Code::protocolError);
}

TEST(Reader, refusesMoreElementsThanTheBytesLeftCanHold) {
  EXPECT_EQ(decodingRefusal("03000000 01000000 02000000", "[i]"), run::Code::protocolError);
  EXPECT_EQ(decodingRefusal("ffffffff 01000000 02000000", "[i]"), run::Code::protocolError);
  EXPECT_EQ(decodingRefusal("02000000 01000000 02000000", "{is}"), run::Code::protocolError);
  EXPECT_EQ(decodingRefusal("03000000 01000000 02000000", "#i"), run::Code::protocolError);
  const auto typed = decode<std::vector<std::int32_t>>(fromHex("03000000 01000000 02000000"));
  ASSERT_FALSE(typed);
  EXPECT_EQ(typed.error().cause, "the message announces 3 elements where 8 bytes are left");
}

TEST(Reader, refusesFourBillionVoids) {
  for (const std::string type : {"[v]", "[()]", "[(v())]", "#v", "{v()}"})
    EXPECT_EQ(decodingRefusal("ffffffff", type), run::Code::tooLarge) << type;
  EXPECT_FALSE(decode<std::vector<Void>>(fromHex("ffffffff")));
}

TEST(Reader, boundsElementsWithoutBytesOverTheWholeMessage) {
  EXPECT_TRUE(decodeValue(fromHex("00040000"), Signature::of("[v]")));
  EXPECT_EQ(decodingRefusal("01040000", "[v]"), run::Code::tooLarge);
  EXPECT_TRUE(decodeValue(fromHex("00020000 00020000"), Signature::of("([v][v])")));
  EXPECT_EQ(decodingRefusal("00020000 01020000", "([v][v])"), run::Code::tooLarge);
  EXPECT_EQ(decodingRefusal("02000000 00020000 01020000", "[[v]]"), run::Code::tooLarge);
}

TEST(Reader, countsFieldsWithoutBytesToo) {
  // A message of 4 KB must not become a million values.
  const std::string thousandVoids = "(" + std::string(1000, 'v') + ")";
  EXPECT_TRUE(decodeValue({}, Signature::of(thousandVoids)));
  EXPECT_EQ(decodingRefusal("00040000", "[" + thousandVoids + "]"), run::Code::tooLarge);
  EXPECT_EQ(decodingRefusal("", "(" + thousandVoids + thousandVoids + ")"), run::Code::tooLarge);
}

TEST(Reader, boundsTheNumberOfValues) {
  Writer writer;
  writer.count(limits::maxValues + 1);
  writer.plain(Bytes(limits::maxValues + 1));
  const auto value = decodeValue(writer.bytes(), Signature::of("[C]"));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, run::Code::tooLarge);
  EXPECT_NE(value.error().nextStep.find("raw"), std::string::npos);
  EXPECT_EQ(decode<std::vector<std::uint8_t>>(writer.bytes())->size(), limits::maxValues + 1)
      << "C++ types may hold more";
}

TEST(Reader, mayNestAsDeepAsTheLimitAndNoDeeper) {
  // A dynamic that holds a dynamic ... that holds an integer.
  const auto nestedDynamics = [](int levels) {
    Writer writer;
    for (int i = 1; i < levels; ++i) writer.string("m");
    writer.string("i");
    writer.number(std::int32_t{1});
    return writer.take();
  };
  EXPECT_TRUE(decodeValue(nestedDynamics(limits::maxDepth - 1), Signature::of("m")));
  EXPECT_TRUE(decode<Value>(nestedDynamics(limits::maxDepth - 1)));
  for (const int levels : {limits::maxDepth, 10000}) {
    const auto bytes = nestedDynamics(levels);
    const auto value = decodeValue(bytes, Signature::of("m"));
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, run::Code::tooLarge);
    EXPECT_EQ(value.error().cause, "values nested deeper than 64 levels");
    EXPECT_FALSE(decode<Value>(bytes));
  }
}

TEST(Reader, countsTheLevelsOfTypesAndDynamicsTogether) {
  // Lists of a type 40 levels deep, twice one inside the other by way of a dynamic.
  const std::string inner = std::string(40, '[') + "m" + std::string(40, ']');
  Writer writer;
  for (int i = 0; i < 40; ++i) writer.count(1);
  writer.string(inner);
  for (int i = 0; i < 40; ++i) writer.count(i < 39 ? 1 : 0);
  const auto value = decodeValue(writer.bytes(), Signature::of(inner));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, run::Code::tooLarge);
}

}  // namespace
}  // namespace beckon::qi
