#include "core/qi/json.hpp"

#include "core/qi/limits.hpp"
#include "core/qi/utf8.hpp"
#include "core/qi/value_coder.hpp"
#include "tests/core/containers.hpp"
#include "tests/core/hex.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <limits>

namespace beckon::qi {
namespace {

using test::fromHex;
using test::list;
using test::map;
using test::none;
using test::some;

// The JSON of a value; coming back from it gives the same bytes.
std::string throughJson(const Value& value, const std::string& type) {
  constexpr ObjectFormat format{.metaObjectCache = true, .uid = true};
  const std::string text = toJsonText(value);
  const auto json = parseJson(text);
  EXPECT_TRUE(json) << text;
  if (!json) return text;
  const auto again = fromJson(*json, Signature::of(type));
  EXPECT_TRUE(again) << text << ": " << again.error().cause;
  if (again) {
    EXPECT_EQ(test::toHex(encodeValue(*again, format)), test::toHex(encodeValue(value, format))) << text;
    EXPECT_EQ(again->signature().text(), value.signature().text()) << text;
  }
  return text;
}

// What a type makes of a JSON text that a user may write: the value in its exact form, or the refusal.
std::string taken(const std::string& text, const std::string& type) {
  const auto json = parseJson(text);
  if (!json) return json.error().cause;
  const auto value = fromJson(*json, Signature::of(type));
  if (!value) {
    EXPECT_EQ(value.error().code, run::Code::badArguments);
    EXPECT_NE(value.error().nextStep, "");
    return value.error().cause;
  }
  return toJsonText(*value);
}

TEST(Json, writesIntegersInFull) {
  EXPECT_EQ(throughJson(std::numeric_limits<std::int64_t>::min(), "l"), "-9223372036854775808");
  EXPECT_EQ(throughJson(std::numeric_limits<std::int64_t>::max(), "l"), "9223372036854775807");
  EXPECT_EQ(throughJson(std::numeric_limits<std::uint64_t>::max(), "L"), "18446744073709551615");
  EXPECT_EQ(throughJson(std::int8_t{-128}, "c"), "-128");
  EXPECT_EQ(throughJson(std::uint8_t{65}, "C"), "65");
  EXPECT_EQ(throughJson(true, "b"), "true");
  EXPECT_EQ(throughJson(Value(), "v"), "null");
}

TEST(Json, keepsSpecialFloats) {
  EXPECT_EQ(throughJson(-0.0, "d"), "-0.0");
  EXPECT_EQ(throughJson(std::numeric_limits<float>::infinity(), "f"), R"({"$float":"inf"})");
  EXPECT_EQ(throughJson(std::bit_cast<double>(0xFFF8DEADBEEF0001u), "d"), R"({"$float":"nan:fff8deadbeef0001"})");
  EXPECT_EQ(throughJson(0.1f, "f"), "0.1");
  EXPECT_EQ(throughJson(std::numeric_limits<float>::max(), "f"), "3.4028235e+38")
      << "as a double it is above the float";
}

TEST(Json, keepsTextThatIsNotUtf8AndRaw) {
  EXPECT_EQ(throughJson("gr\xC3\xBC\xC3\x9F", "s"), "\"gr\xC3\xBC\xC3\x9F\"");
  EXPECT_EQ(throughJson(std::string("a\0\"\n", 4), "s"), R"("a\u0000\"\n")");
  EXPECT_EQ(throughJson("\xFF\xFE", "s"), R"({"$bytes":"//4="})");
  EXPECT_EQ(throughJson(fromHex("00ff"), "r"), R"({"$raw":"AP8="})");
  EXPECT_EQ(throughJson(Bytes(), "r"), R"({"$raw":""})");
}

TEST(Json, writesMapsOfOrderedTextAsObjects) {
  EXPECT_EQ(throughJson(map("s", "i", {{"a", 1}, {"b", 2}}), "{si}"), R"({"a":1,"b":2})");
  EXPECT_EQ(throughJson(map("s", "i", {}), "{si}"), "{}");
}

TEST(Json, writesOtherMapsAsPairs) {
  EXPECT_EQ(throughJson(map("s", "i", {{"b", 2}, {"a", 1}}), "{si}"), R"({"$map":[["b",2],["a",1]]})");
  EXPECT_EQ(throughJson(map("s", "i", {{"a", 1}, {"a", 2}}), "{si}"), R"({"$map":[["a",1],["a",2]]})");
  EXPECT_EQ(throughJson(map("s", "i", {{"$map", 1}}), "{si}"), R"({"$map":[["$map",1]]})");
  EXPECT_EQ(throughJson(map("s", "i", {{"\xFF", 1}}), "{si}"), R"({"$map":[[{"$bytes":"/w=="},1]]})");
  EXPECT_EQ(throughJson(map("I", "s", {{std::uint32_t{2}, "b"}}), "{Is}"), R"({"$map":[[2,"b"]]})");
  EXPECT_EQ(throughJson(map("I", "s", {}), "{Is}"), R"({"$map":[]})");
}

TEST(Json, writesStructsByTheirFields) {
  EXPECT_EQ(throughJson(Tuple{{1, 2.5, "p"}, "Point,x,y,label"}, "(ids)<Point,x,y,label>"),
            R"({"label":"p","x":1,"y":2.5})");
  EXPECT_EQ(throughJson(Tuple{{1, "a"}, ""}, "(is)"), R"([1,"a"])");
  EXPECT_EQ(throughJson(Tuple{{1, "a"}, "P,x"}, "(is)<P,x>"), R"([1,"a"])") << "not every field has a name";
  EXPECT_EQ(throughJson(Tuple{{1, 2}, "P,x,x"}, "(ii)<P,x,x>"), "[1,2]") << "two fields of one name";
  EXPECT_EQ(throughJson(Tuple{{1}, "P,$raw"}, "(i)<P,$raw>"), "[1]") << "a name that is a mark";
  EXPECT_EQ(throughJson(Tuple{{}, ""}, "()"), "[]");
}

TEST(Json, writesDynamicsWithTheirTypes) {
  EXPECT_EQ(throughJson(dynamic(std::int16_t{7}), "m"), R"({"$type":"w","$value":7})");
  EXPECT_EQ(throughJson(Dynamic{}, "m"), R"({"$type":""})") << "the invalid dynamic";
  EXPECT_EQ(throughJson(dynamic(Value()), "m"), R"({"$type":"v","$value":null})");
  const Value twice = Dynamic{Signature::of("m"), std::make_shared<const Value>(dynamic("x"))};
  EXPECT_EQ(throughJson(twice, "m"), R"({"$type":"m","$value":{"$type":"s","$value":"x"}})");
  EXPECT_EQ(throughJson(list("m", {dynamic(1), Dynamic{}}), "[m]"), R"([{"$type":"i","$value":1},{"$type":""}])");
  throughJson(Dynamic{Signature::of("i<\xFF>"), std::make_shared<const Value>(1)}, "m");
}

TEST(Json, tellsApartWhatOptionalsHold) {
  EXPECT_EQ(throughJson(none("i"), "+i"), "null");
  EXPECT_EQ(throughJson(some("i", 5), "+i"), "5");
  EXPECT_EQ(throughJson(some("v", Value()), "+v"), R"({"$some":null})");
  EXPECT_EQ(throughJson(some("+i", none("i")), "++i"), R"({"$some":null})");
  EXPECT_EQ(throughJson(some("+i", some("i", 5)), "++i"), "5");
  EXPECT_EQ(throughJson(none("+v"), "++v"), "null");
  EXPECT_EQ(throughJson(some("+v", none("v")), "++v"), R"({"$some":null})");
  EXPECT_EQ(throughJson(some("+v", some("v", Value())), "++v"), R"({"$some":{"$some":null}})");
  EXPECT_EQ(throughJson(some("++v", some("+v", none("v"))), "+++v"), R"({"$some":{"$some":null}})");
}

TEST(Json, writesObjectsInFull) {
  const auto meta = std::make_shared<MetaObject>(MetaObject{
      {{100, {100, "v", "say", "(s)", "", {{"text", "words"}}, ""}}}, {}, {{101, {101, "volume", "i"}}}, "tts"});
  EXPECT_NE(throughJson(ObjectRef{meta, ObjectRef::notCached, 2, 3, {1, 2}}, "o").find("\"say\""), std::string::npos);
  EXPECT_EQ(throughJson(ObjectRef{nullptr, 7, 2, 0, {}}, "o"),
            R"({"$object":{"cacheId":7,"object":0,"service":2,"uid":"AAAAAAAAAAAAAAAAAAAAAAAAAAA="}})");
  EXPECT_EQ(taken(R"({"$object": {"service": 1, "object": 2}})", "o"),
            R"({"$object":{"cacheId":4294967295,"object":2,"service":1,"uid":"AAAAAAAAAAAAAAAAAAAAAAAAAAA="}})");
}

TEST(Json, guessesTheTypesOfPlainDynamics) {
  EXPECT_EQ(taken("7", "m"), R"({"$type":"i","$value":7})");
  EXPECT_EQ(taken("-2147483648", "m"), R"({"$type":"i","$value":-2147483648})");
  EXPECT_EQ(taken("2147483648", "m"), R"({"$type":"l","$value":2147483648})");
  EXPECT_EQ(taken("-2147483649", "m"), R"({"$type":"l","$value":-2147483649})");
  EXPECT_EQ(taken("9223372036854775808", "m"), R"({"$type":"L","$value":9223372036854775808})");
  EXPECT_EQ(taken("7.0", "m"), R"({"$type":"d","$value":7.0})");
  EXPECT_EQ(taken("true", "m"), R"({"$type":"b","$value":true})");
  EXPECT_EQ(taken("\"a\"", "m"), R"({"$type":"s","$value":"a"})");
  EXPECT_EQ(taken("null", "m"), R"({"$type":"v","$value":null})");
  EXPECT_EQ(taken("[]", "m"), R"({"$type":"[m]","$value":[]})");
  EXPECT_EQ(taken(R"({"a": 1})", "m"), R"({"$type":"{sm}","$value":{"a":{"$type":"i","$value":1}}})");
  EXPECT_EQ(taken(R"({"$map": [[1, 2]]})", "m"),
            R"({"$type":"{mm}","$value":{"$map":[[{"$type":"i","$value":1},{"$type":"i","$value":2}]]}})");
  EXPECT_EQ(taken(R"({"$raw": "AA=="})", "m"), R"({"$type":"r","$value":{"$raw":"AA=="}})");
  EXPECT_EQ(taken(R"({"$bytes": "/w=="})", "m"), R"({"$type":"s","$value":{"$bytes":"/w=="}})");
  EXPECT_EQ(taken(R"({"$float": "nan"})", "m"), R"({"$type":"d","$value":{"$float":"nan"}})");
}

TEST(Json, takesWholeNumbersHoweverTheyAreWritten) {
  EXPECT_EQ(taken("3.0", "i"), "3");
  EXPECT_EQ(taken("1e3", "w"), "1000");
  EXPECT_EQ(taken("9007199254740992.0", "l"), "9007199254740992");
  EXPECT_EQ(taken("3", "d"), "3.0");
  EXPECT_EQ(taken("[1, 2]", "(ii)<P,x,y>"), R"({"x":1,"y":2})") << "a struct by position";
  EXPECT_EQ(taken(R"({"b": 1, "a": 2})", "{si}"), R"({"a":2,"b":1})");
}

TEST(Json, refusesIntegersThatWereRoundedBeforeTheyCame) {
  EXPECT_EQ(taken("-9223372036854775809", "l"),
            "the value is -9.223372036854776e+18 where an integer of type l is wanted");
  EXPECT_EQ(taken("18446744073709551616", "L"),
            "the value is 1.8446744073709552e+19 where an integer of type L is wanted");
  EXPECT_EQ(taken("9007199254740994.0", "l"),
            "the value is 9.007199254740994e+15 where an integer of type l is wanted");
}

TEST(Json, saysWhatIsWantedInsteadOfEachWrongPart) {
  EXPECT_EQ(taken("1.5", "i"), "the value is 1.5 where an integer of type i is wanted");
  EXPECT_EQ(taken("300", "C"), "the value is 300 where an integer of type C is wanted");
  EXPECT_EQ(taken("\"1\"", "i"), "the value is \"1\" where an integer of type i is wanted");
  EXPECT_EQ(taken("1", "b"), "the value is 1 where true or false is wanted");
  EXPECT_EQ(taken("1", "s"), "the value is 1 where a text is wanted");
  EXPECT_EQ(taken("0", "v"), "the value is 0 where null is wanted");
  EXPECT_EQ(taken("\"nan\"", "d"), "the value is \"nan\" where a number is wanted");
  EXPECT_EQ(taken("1e39", "f"), "the value is 1e+39 where a number is wanted");
  EXPECT_EQ(taken("\"AA==\"", "r"), "the value is \"AA==\" where {\"$raw\": \"<base64>\"} is wanted");
  EXPECT_EQ(taken(R"({"$raw": "A"})", "r"), "the value is {\"$raw\":\"A\"} where {\"$raw\": \"<base64>\"} is wanted");
  EXPECT_EQ(taken(R"({"$bytes": 1})", "s"), "the value is {\"$bytes\":1} where a text is wanted");
  EXPECT_EQ(taken(R"({"$float": "x"})", "f"), "the value is {\"$float\":\"x\"} where a number is wanted");
  EXPECT_EQ(taken("{}", "[i]"), "the value is {} where an array (type [i]) is wanted");
  EXPECT_EQ(taken("[]", "{si}"), "the value is [] where an object is wanted");
  EXPECT_EQ(taken("{}", "{is}"), "the value is {} where {\"$map\": [[key, value], ..]} is wanted");
  EXPECT_EQ(taken("1", "(i)"), "the value is 1 where an array of 1 elements is wanted");
  EXPECT_EQ(taken("[1]", "(ii)"), "the value is [1] where 2 elements (type (ii)) is wanted");
  EXPECT_EQ(taken("1", "o"), "the value is 1 where {\"$object\": {..}} is wanted");
  EXPECT_EQ(taken("1", "X"), "the value is 1 where nothing: no value has type X, which is wanted");
}

TEST(Json, namesThePlaceOfTheWrongPart) {
  EXPECT_EQ(taken("[1, \"a\"]", "[i]"), "[1] is \"a\" where an integer of type i is wanted");
  EXPECT_EQ(taken(R"({"k": [1, true]})", "{s[i]}"), ".k[1] is true where an integer of type i is wanted");
  EXPECT_EQ(taken(R"({"x": 1, "y": "b"})", "(ii)<P,x,y>"), ".y is \"b\" where an integer of type i is wanted");
  EXPECT_EQ(taken(R"({"x": 1, "z": 2})", "(ii)<P,x,y>"),
            "the value is {\"x\":1,\"z\":2} where a field \"y\" is wanted");
  EXPECT_EQ(taken(R"({"$map": [[1, "a"]]})", "{is}"), R"({"$map":[[1,"a"]]})");
  EXPECT_EQ(taken(R"({"$map": [[1, 2]]})", "{is}"), ".1 is 2 where a text is wanted");
  EXPECT_EQ(taken(R"({"$map": [["a", "b"]]})", "{is}"), ".\"a\" is \"a\" where an integer of type i is wanted");
  EXPECT_EQ(taken(R"({"$map": [[1]]})", "{is}"), "the value is [1] where a pair [key, value] is wanted");
  EXPECT_EQ(taken(R"([{"$type": "i", "$value": "a"}])", "[m]"), "[0] is \"a\" where an integer of type i is wanted");
}

TEST(Json, refusesDynamicsWithoutAProperType) {
  EXPECT_EQ(taken(R"({"$type": "["})", "m"), "the value: bad signature \"[\": type expected at position 1");
  EXPECT_EQ(taken(R"({"$type": "i"})", "m"),
            "the value is {\"$type\":\"i\"} where {\"$type\": .., \"$value\": ..} is wanted");
  EXPECT_EQ(taken(R"({"$type": "i", "$value": 1, "x": 2})", "m"),
            "the value is {\"$type\":\"i\",\"$value\":1,\"x\":2} where {\"$type\": .., \"$value\": ..} is wanted");
  EXPECT_EQ(taken(R"({"$type": 1, "$value": 1})", "m"), "the value is 1 where a text is wanted");
}

TEST(Json, refusesObjectsThatLackTheirNumbers) {
  EXPECT_NE(taken(R"({"$object": {"service": 1}})", "o").find("an object with service and object numbers"),
            std::string::npos);
  EXPECT_NE(taken(R"({"$object": {"service": 1, "object": 2, "uid": "AA=="}})", "o").find("20 bytes"),
            std::string::npos);
  EXPECT_NE(taken(R"({"$object": {"service": 1, "object": 2, "cacheId": -1}})", "o").find("cacheId"),
            std::string::npos);
  EXPECT_EQ(taken(R"({"$object": {"service": 1, "object": 2, "metaObject": []}})", "o").rfind(".metaObject is []", 0),
            0u);
}

TEST(Json, shortensWhatItShowsBetweenCharacters) {
  const std::string cause = taken("\"" + std::string(55, 'x') + "\xC3\xBC\xC3\xBC\xC3\xBC\"", "i");
  EXPECT_TRUE(isUtf8(cause));
  EXPECT_NE(cause.find("... where"), std::string::npos) << cause;
}

TEST(ParseJson, namesLineAndColumn) {
  const auto cause = [](const std::string& text) {
    const auto json = parseJson(text);
    EXPECT_FALSE(json) << text;
    if (json) return std::string();
    EXPECT_EQ(json.error().code, run::Code::malformedJson);
    EXPECT_NE(json.error().nextStep, "");
    return json.error().cause;
  };
  EXPECT_EQ(cause("hello"), "not JSON at line 1, column 1");
  EXPECT_EQ(cause("[1, 2,]"), "not JSON at line 1, column 7");
  EXPECT_EQ(cause("{\n  \"a\": 1,\n  'b': 2\n}"), "not JSON at line 3, column 3");
  EXPECT_EQ(cause(""), "not JSON at line 1, column 1");
  EXPECT_EQ(cause("[1"), "not JSON at line 1, column 3");
  EXPECT_EQ(cause("1 2"), "not JSON at line 1, column 3");
  EXPECT_EQ(cause("\"\xFF\""), "not JSON at line 1, column 2");
  EXPECT_EQ(cause("NaN"), "not JSON at line 1, column 1");
}

TEST(ParseJson, refusesNumbersThatNoDoubleHolds) {
  const auto json = parseJson("[1e400]");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, run::Code::malformedJson);
  EXPECT_EQ(json.error().cause, "the JSON has a number beyond the range of a double");
}

TEST(ParseJson, refusesTenThousandLevelsWithoutACrash) {
  for (const std::string& text : {std::string(10000, '[') + std::string(10000, ']'), std::string(10000, '['),
                                  std::string(257, '[') + std::string(257, ']')}) {
    const auto json = parseJson(text);
    ASSERT_FALSE(json);
    EXPECT_EQ(json.error().code, run::Code::tooLarge);
    EXPECT_EQ(json.error().cause, "the JSON is nested deeper than 256 levels");
  }
  std::string objects;
  for (int i = 0; i < 10000; ++i) objects += "{\"a\":";
  EXPECT_EQ(parseJson(objects).error().code, run::Code::tooLarge);
}

TEST(ParseJson, takesTheJsonOfEveryValueThatMayTravel) {
  // Maps with numbers for keys take the most levels of JSON.
  Value value = 1;
  for (int level = 1; level < limits::maxDepth; ++level) value = map("i", "m", {{level, dynamic(std::move(value))}});
  const Signature type = value.signature();
  EXPECT_FALSE(decodeValue(encodeValue(value), type)) << "each map and each dynamic is a level";
  value = 1;
  for (int level = 2; level < limits::maxDepth; level += 2) value = map("i", "m", {{level, dynamic(std::move(value))}});
  ASSERT_TRUE(decodeValue(encodeValue(value), type));
  throughJson(value, "{im}");

  // The same with types alone: 63 maps around an integer.
  value = 1;
  for (int level = 1; level < limits::maxDepth; ++level) {
    const Signature mapped = value.signature();
    value = Map{Signature::of("i"), mapped, {{level, std::move(value)}}};
  }
  ASSERT_TRUE(decodeValue(encodeValue(value), value.signature()));
  throughJson(value, value.signature().text());
}

TEST(Json, refusesTypesAndDynamicsNestedDeeperThanTheLimit) {
  std::string text;
  for (int i = 0; i < 70; ++i) text += "[";
  text += std::string(70, ']');
  const auto value = fromJson(*parseJson(text), Signature::of("m"));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, run::Code::tooLarge);
  EXPECT_NE(value.error().cause.find("nested deeper than 64 levels"), std::string::npos);
}

TEST(Arguments, areTakenOneForEachParameter) {
  const auto arguments = argumentsFromJson(*parseJson(R"([1, "a"])"), Signature::of("(is)"));
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->signature().text(), "(is)");
  EXPECT_EQ(toJsonText(*arguments), R"([1,"a"])");
  EXPECT_TRUE(argumentsFromJson(Json::array(), Signature::of("()")));
}

TEST(Arguments, areRefusedWithTheirNumberAndPlace) {
  const auto cause = [](const char* json, const char* parameters) {
    const auto arguments = argumentsFromJson(*parseJson(json), Signature::of(parameters));
    EXPECT_FALSE(arguments);
    if (arguments) return std::string();
    EXPECT_EQ(arguments.error().code, run::Code::badArguments);
    EXPECT_NE(arguments.error().nextStep, "");
    return arguments.error().cause;
  };
  EXPECT_EQ(cause("[1]", "(is)"), "too few arguments: 1 given, 2 wanted");
  EXPECT_EQ(cause("[1, 2, 3]", "(is)"), "too many arguments: 3 given, 2 wanted");
  EXPECT_EQ(cause("1", "(i)"), "the arguments are not a JSON array");
  EXPECT_EQ(cause("[1, 2]", "(is)"), "argument 2 is 2 where a text is wanted");
  EXPECT_EQ(cause(R"([1, {"k": [true]}])", "(i{s[i]})"),
            "argument 2.k[0] is true where an integer of type i is wanted");
}

}  // namespace
}  // namespace beckon::qi
