#include "core/qi/convert.hpp"

#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"
#include "tests/core/containers.hpp"
#include "tests/core/hex.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace beckon::qi {
namespace {

using test::fromHex;
using test::list;
using test::map;
using test::some;

// The result as JSON, or the code of the refusal.
std::string converted(const Value& value, const std::string& target) {
  const auto result = convert(value, Signature::of(target));
  if (!result) {
    EXPECT_NE(result.error().cause, "");
    EXPECT_NE(result.error().nextStep, "");
    return std::string(run::codeText(result.error().code));
  }
  EXPECT_TRUE(result->signature().sameType(Signature::of(target)));
  return toJsonText(*result);
}

constexpr const char* badArguments = "bad-arguments";

TEST(Convert, givesTheSameTypeBackUnchanged) {
  const Value values[] = {Value(),
                          true,
                          1,
                          1.5,
                          "text",
                          fromHex("00ff"),
                          list("i", {1}),
                          dynamic("a"),
                          some("s", "x"),
                          Tuple{{1, "a"}, "P,x,y"},
                          map("s", "m", {{"k", dynamic(1)}})};
  for (const Value& value : values) {
    const auto type = value.signature();
    const auto same = convert(value, type);
    ASSERT_TRUE(same) << type.text();
    EXPECT_EQ(encodeValue(*same), encodeValue(value)) << type.text();
  }
}

TEST(Convert, takesIntegersThatFit) {
  EXPECT_EQ(converted(127, "c"), "127");
  EXPECT_EQ(converted(-128, "c"), "-128");
  EXPECT_EQ(converted(128, "c"), badArguments);
  EXPECT_EQ(converted(-1, "C"), badArguments);
  EXPECT_EQ(converted(-1, "L"), badArguments);
  EXPECT_EQ(converted(std::numeric_limits<std::uint64_t>::max(), "L"), "18446744073709551615");
  EXPECT_EQ(converted(std::numeric_limits<std::uint64_t>::max(), "l"), badArguments);
  EXPECT_EQ(converted(std::numeric_limits<std::int64_t>::min(), "l"), "-9223372036854775808");
  EXPECT_EQ(converted(std::int64_t{65535}, "W"), "65535");
}

TEST(Convert, takesFloatsForIntegersOnlyWhereTheyAreWhole) {
  EXPECT_EQ(converted(3.0, "i"), "3");
  EXPECT_EQ(converted(-0.0, "i"), "0");
  EXPECT_EQ(converted(3.5, "i"), badArguments);
  EXPECT_EQ(converted(3.0f, "C"), "3");
  EXPECT_EQ(converted(-1.0, "I"), badArguments);
  EXPECT_EQ(converted(std::nan(""), "i"), badArguments);
  EXPECT_EQ(converted(std::numeric_limits<double>::infinity(), "l"), badArguments);
}

TEST(Convert, knowsTheExactEndsOfSixtyFourBits) {
  EXPECT_EQ(converted(std::ldexp(1.0, 63), "l"), badArguments);
  EXPECT_EQ(converted(-std::ldexp(1.0, 63), "l"), "-9223372036854775808");
  EXPECT_EQ(converted(std::nextafter(-std::ldexp(1.0, 63), -1e30), "l"), badArguments);
  EXPECT_EQ(converted(std::ldexp(1.0, 64), "L"), badArguments);
  EXPECT_EQ(converted(std::nextafter(std::ldexp(1.0, 64), 0), "L"), "18446744073709549568");
}

TEST(Convert, takesTheNearestFloat) {
  EXPECT_EQ(converted(0.1, "f"), "0.1");
  EXPECT_EQ(converted(16777217, "f"), "16777216.0");
  EXPECT_EQ(converted(std::numeric_limits<std::uint64_t>::max(), "d"), "1.8446744073709552e+19");
  EXPECT_EQ(converted(1.5f, "d"), "1.5");
  EXPECT_EQ(converted(true, "d"), "1.0");
}

TEST(Convert, refusesANumberBeyondTheLargestFloat) {
  EXPECT_EQ(converted(1e39, "f"), badArguments);
  EXPECT_EQ(converted(-1e39, "f"), badArguments);
  EXPECT_EQ(converted(3.4028235e38, "f"), "3.4028235e+38") << "a little above the largest, which is the nearest";
  EXPECT_EQ(converted(3.4028236e38, "f"), badArguments);
  EXPECT_EQ(converted(std::numeric_limits<double>::infinity(), "f"), R"({"$float":"inf"})");
  EXPECT_EQ(converted(std::nan(""), "f"), R"({"$float":"nan"})");
}

TEST(Convert, takesZeroAndOneForBools) {
  EXPECT_EQ(converted(1, "b"), "true");
  EXPECT_EQ(converted(0.0, "b"), "false");
  EXPECT_EQ(converted(2, "b"), badArguments);
  EXPECT_EQ(converted(true, "i"), "1");
  EXPECT_EQ(converted("true", "b"), badArguments);
}

TEST(Convert, keepsTextRawAndNumbersApart) {
  EXPECT_EQ(converted("1", "i"), badArguments);
  EXPECT_EQ(converted(1, "s"), badArguments);
  EXPECT_EQ(converted("text", "r"), badArguments);
  EXPECT_EQ(converted(fromHex("00"), "s"), badArguments);
  EXPECT_EQ(converted(Value(), "i"), badArguments);
  EXPECT_EQ(converted(1, "v"), badArguments);
  EXPECT_EQ(converted(1, "o"), badArguments);
  EXPECT_EQ(converted(1, "[i]"), badArguments);
  EXPECT_EQ(converted(list("i", {}), "{ii}"), badArguments);
}

TEST(Convert, wrapsAndUnwrapsDynamics) {
  EXPECT_EQ(converted(1, "m"), R"({"$type":"i","$value":1})");
  EXPECT_EQ(converted(dynamic(1), "m"), R"({"$type":"i","$value":1})");
  EXPECT_EQ(converted(dynamic(1), "d"), "1.0");
  EXPECT_EQ(converted(list("m", {dynamic(1), dynamic(2.0)}), "[i]"), "[1,2]");
  EXPECT_EQ(converted(list("i", {1}), "[m]"), R"([{"$type":"i","$value":1}])");
  EXPECT_EQ(converted(Dynamic{}, "i"), badArguments);
  EXPECT_EQ(converted(Dynamic{}, "m"), R"({"$type":""})");
}

TEST(Convert, wrapsAndUnwrapsOptionals) {
  EXPECT_EQ(converted(1, "+d"), "1.0");
  EXPECT_EQ(converted(some("i", 1), "d"), "1.0");
  EXPECT_EQ(converted(some("i", 1), "+d"), "1.0");
  EXPECT_EQ(converted(Optional{Signature::of("i"), nullptr}, "+d"), "null");
  EXPECT_EQ(converted(Optional{Signature::of("i"), nullptr}, "d"), badArguments);
  EXPECT_EQ(converted(Value(), "+i"), "null");
  EXPECT_EQ(converted("x", "+i"), badArguments);
}

TEST(Convert, goesThroughContainers) {
  EXPECT_EQ(converted(list("i", {1, 2}), "[d]"), "[1.0,2.0]");
  EXPECT_EQ(converted(list("i", {1, 2}), "#C"), "[1,2]");
  EXPECT_EQ(converted(list("i", {1, 300}), "[C]"), badArguments);
  EXPECT_EQ(converted(map("s", "i", {{"a", 1}}), "{sd}"), R"({"a":1.0})");
  EXPECT_EQ(converted(map("i", "i", {{1, 2}}), "{Cm}"), R"({"$map":[[1,{"$type":"i","$value":2}]]})");
  EXPECT_EQ(converted(map("s", "i", {{"a", 1}}), "{ii}"), badArguments);
  EXPECT_EQ(converted(map("s", "i", {{"a", 1}}), "[i]"), badArguments);
}

TEST(Convert, takesAListForATupleOfItsLengthAndBack) {
  EXPECT_EQ(converted(list("m", {dynamic(1), dynamic("a")}), "(is)"), R"([1,"a"])");
  EXPECT_EQ(converted(list("m", {dynamic(1)}), "(is)"), badArguments);
  EXPECT_EQ(converted(Tuple{{1, 2}, ""}, "[d]"), "[1.0,2.0]");
  EXPECT_EQ(converted(list("i", {1, 2}), "(ii)<P,x,y>"), R"({"x":1,"y":2})");
}

TEST(Convert, fitsStructsOfOneNameByTheirFields) {
  const Value old = Tuple{{1, "a"}, "Info,id,name"};
  EXPECT_EQ(converted(old, "(sl[s])<Info,name,id,tags>"), R"({"id":1,"name":"a","tags":[]})") << "added and moved";
  EXPECT_EQ(converted(old, "(s)<Info,name>"), R"({"name":"a"})") << "dropped";
  EXPECT_EQ(converted(old, "(im)<Info,id,extra>"), R"({"extra":{"$type":""},"id":1})");
  EXPECT_EQ(converted(old, "(ss)<Info,id,name>"), badArguments) << "a field of another type";
  EXPECT_EQ(converted(old, "(sl[s])<Other,name,id,tags>"), badArguments) << "another struct";
  EXPECT_EQ(converted(Tuple{{1, "a"}, ""}, "(sl[s])<Info,name,id,tags>"), badArguments) << "without names";
  EXPECT_EQ(converted(old, "(ls)<Other,x,y>"), R"({"x":1,"y":"a"})") << "by position where the shape is the same";
  EXPECT_EQ(converted(old, "(ls)"), R"([1,"a"])");
  EXPECT_EQ(converted(old, "(iX)<Info,id,impossible>"), badArguments) << "a field that has no zero";
}

TEST(Convert, saysWhatDoesNotFit) {
  const auto result = convert(list("m", {dynamic(1), dynamic("two")}), Signature::of("[i]"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().cause, "\"two\" (type s) does not fit type i");
  EXPECT_EQ(result.error().nextStep, "give a value of type i");
}

TEST(Convert, shortensWhatItShowsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xC3\xBC";
  for (const std::string& shown : {text, "a" + text, "ab" + text}) {
    const auto result = convert(Value(shown), Signature::of("i"));
    ASSERT_FALSE(result);
    EXPECT_TRUE(isUtf8(result.error().cause));
    EXPECT_LT(result.error().cause.size(), 150u);
  }
}

TEST(DefaultValue, isZeroOrEmptyForEachTypeThatHasValues) {
  for (const auto& [type, json] :
       std::initializer_list<std::pair<const char*, const char*>>{{"v", "null"},
                                                                  {"b", "false"},
                                                                  {"c", "0"},
                                                                  {"L", "0"},
                                                                  {"d", "0.0"},
                                                                  {"f", "0.0"},
                                                                  {"s", "\"\""},
                                                                  {"r", R"({"$raw":""})"},
                                                                  {"m", R"({"$type":""})"},
                                                                  {"[i]", "[]"},
                                                                  {"#i", "[]"},
                                                                  {"{si}", "{}"},
                                                                  {"+i", "null"},
                                                                  {"(is)<P,x,y>", R"({"x":0,"y":""})"}}) {
    const auto value = defaultValue(Signature::of(type));
    ASSERT_TRUE(value) << type;
    EXPECT_EQ(toJsonText(*value), json);
    EXPECT_EQ(value->signature().text(), type);
  }
  EXPECT_EQ(defaultValue(Signature::of("o"))->as<ObjectRef>()->object, 0u);
  for (const char* type : {"X", "_", "~i", "(iX)"}) EXPECT_FALSE(defaultValue(Signature::of(type))) << type;
}

TEST(TypedValue, goesBothWays) {
  using Entries = std::map<std::string, std::vector<std::int16_t>>;
  const Entries entries{{"a", {1, -1}}, {"b", {}}};
  const Value value = toValue(entries);
  EXPECT_EQ(toJsonText(value), R"({"a":[1,-1],"b":[]})");
  EXPECT_EQ(fromValue<Entries>(value).value(), entries);
  EXPECT_EQ(fromValue<double>(Value(3)).value(), 3.0);
  EXPECT_EQ((fromValue<std::tuple<int, std::string>>(list("m", {dynamic(1), dynamic("a")})).value()),
            std::tuple(1, "a"));
  EXPECT_FALSE(fromValue<std::int8_t>(Value(300)));
  EXPECT_EQ(toValue(MetaObject()).signature().text(), signatureText<MetaObject>());
}

TEST(TypedValue, keepsAnObjectWithoutItsMetaObject) {
  const ObjectRef cached{nullptr, 7, 2, 3, {1, 2, 3}};
  const auto again = fromValue<std::tuple<ObjectRef>>(toValue(std::tuple(cached)));
  ASSERT_TRUE(again);
  EXPECT_FALSE(std::get<0>(*again).metaObject);
  EXPECT_EQ(std::get<0>(*again).cacheId, 7u);
  EXPECT_EQ(std::get<0>(*again).uid, cached.uid);
}

}  // namespace
}  // namespace beckon::qi
