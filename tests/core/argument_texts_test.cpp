#include "core/qi/argument_texts.hpp"

#include "core/qi/json.hpp"

#include <gmock/gmock.h>

namespace beckon::qi {
namespace {

using run::Code;
using testing::HasSubstr;

// The value in JSON, or why not.
std::string readAs(std::string_view text, std::string_view type) {
  const auto value = fromText(text, Signature::of(type));
  return value ? value->signature().text() + " " + toJsonText(*value) : value.error().cause;
}

TEST(ArgumentTexts, readEachByItsType) {
  EXPECT_EQ(readAs("true", "b"), "b true");
  EXPECT_EQ(readAs(" 0 ", "b"), "b false");
  EXPECT_EQ(readAs("-5", "i"), "i -5");
  EXPECT_EQ(readAs("18446744073709551615", "L"), "L 18446744073709551615");
  EXPECT_EQ(readAs("0.25", "f"), "f 0.25");
  EXPECT_EQ(readAs("3", "d"), "d 3.0");
  EXPECT_EQ(readAs("-inf", "f"), R"(f {"$float":"-inf"})");
  EXPECT_EQ(readAs(" as it \"is\" ", "s"), R"(s " as it \"is\" ")");
  EXPECT_EQ(readAs("", "s"), R"(s "")");
  EXPECT_EQ(readAs("", "+i"), "+i null");
  EXPECT_EQ(readAs("5", "+i"), "+i 5");
  EXPECT_EQ(readAs("a\nb c\n", "[s]"), R"([s] ["a","b c"])");
  EXPECT_EQ(readAs("", "[s]"), "[s] []");
  EXPECT_EQ(readAs("1\n2", "[i]"), "[i] [1,2]");
  EXPECT_EQ(readAs(R"([""])", "[s]"), R"([s] [""])");
  EXPECT_EQ(readAs(R"({"a": 1})", "{si}"), R"({si} {"a":1})");
  EXPECT_EQ(readAs("[1, 2]", "(ii)"), "(ii) [1,2]");
  EXPECT_EQ(readAs("5", "m"), R"(m {"$type":"i","$value":5})");
  EXPECT_EQ(readAs("hello you", "m"), R"(m {"$type":"s","$value":"hello you"})");
}

TEST(ArgumentTexts, sayWhatStandsThereAndWhatIsWanted) {
  EXPECT_EQ(readAs("300", "C"), "\"300\" stands where a whole number from 0 to 255 is wanted");
  EXPECT_EQ(readAs("1.5", "i"), "\"1.5\" stands where a whole number from -2147483648 to 2147483647 is wanted");
  EXPECT_EQ(readAs("loud", "f"), "\"loud\" stands where a number is wanted");
  EXPECT_EQ(readAs("", "i"), "nothing stands where a whole number from -2147483648 to 2147483647 is wanted");
  EXPECT_EQ(readAs("yes", "b"), "\"yes\" stands where true or false is wanted");
  EXPECT_EQ(readAs("nan", "i"), "\"nan\" stands where a whole number from -2147483648 to 2147483647 is wanted");
  EXPECT_EQ(readAs("1\nx", "[C]"), "\"x\" stands where a whole number from 0 to 255 is wanted");
  EXPECT_THAT(readAs("{", "{si}"), HasSubstr("not JSON at line 1"));
  EXPECT_THAT(readAs("{\"a", "m"), HasSubstr("not JSON at line 1"));
  EXPECT_THAT(readAs(R"({"a": "b"})", "{si}"), HasSubstr("an integer of type i is wanted"));
  EXPECT_EQ(readAs("", "(ii)"), "nothing stands where a JSON text of type (ii) is wanted");
}

TEST(ArgumentTexts, makeATupleOfTheArguments) {
  const auto parameters = Signature::of("(sC)");
  EXPECT_EQ(toJsonText(argumentsFromTexts({"a b", "7"}, parameters).value()), R"(["a b",7])");
  EXPECT_EQ(argumentsFromTexts({"a", "x"}, parameters).error().cause,
            "argument 2: \"x\" stands where a whole number from 0 to 255 is wanted");
  const auto few = argumentsFromTexts({"a"}, parameters);
  EXPECT_EQ(few.error().code, Code::badArguments);
  EXPECT_EQ(few.error().cause, "too few arguments: 1 given, 2 wanted");
  EXPECT_EQ(argumentsFromTexts({"a", "7", "8"}, parameters).error().cause, "too many arguments: 3 given, 2 wanted");
}

TEST(ArgumentTexts, areWhatAValueIsShownAs) {
  for (const auto& [type, text] : {std::pair("s", "a \"b\""),
                                   {"i", "-5"},
                                   {"b", "true"},
                                   {"f", "0.1"},
                                   {"d", "nan"},
                                   {"m", "some text"},
                                   {"[s]", R"(["a","b"])"},
                                   {"{si}", R"({"a":1})"}})
    EXPECT_EQ(toText(fromText(text, Signature::of(type)).value()), text);
  EXPECT_EQ(toText(Value()), "");
}

}  // namespace
}  // namespace beckon::qi
