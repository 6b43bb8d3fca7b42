#include "core/qi/signature.hpp"

#include "core/qi/limits.hpp"
#include "core/qi/utf8.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

std::string nested(std::size_t lists, const std::string& inside = "i") {
  return std::string(lists, '[') + inside + std::string(lists, ']');
}

// Why a text is no signature.
std::string whyNoSignature(const std::string& text, run::Code code = run::Code::protocolError) {
  const auto parsed = Signature::parse(text);
  EXPECT_FALSE(parsed) << text;
  if (parsed) return "";
  EXPECT_EQ(parsed.error().code, code) << text;
  EXPECT_NE(parsed.error().nextStep, "");
  return parsed.error().cause;
}

TEST(Signature, isReadAndWrittenAsTheSameText) {
  for (const std::string text :
       {"v",
        "b",
        "c",
        "C",
        "w",
        "W",
        "i",
        "I",
        "l",
        "L",
        "f",
        "d",
        "s",
        "r",
        "m",
        "o",
        "X",
        "_",
        "[i]",
        "{sm}",
        "()",
        "(i)",
        "(s[i]{Im})",
        "#m",
        "~s",
        "+i",
        "+[s]",
        "(i#s)",
        "[[[v]]]",
        "{s{s{sm}}}",
        "(((())))",
        "+#~v",
        "(ids)<Point,x,y,label>",
        "[(ss)<A,b,c>]",
        "i<annotated>",
        "i<>",
        "()<>",
        "[i]<list<of>numbers>",
        "(i<a>s<b>)<c,d,e>",
        "({I(Issss[(ss)<MetaMethodParameter,name,description>]s)<MetaMethod,uid,returnSignature,name,"
        "parametersSignature,description,parameters,returnDescription>}{I(Iss)<MetaSignal,uid,name,signature>}"
        "{I(Iss)<MetaProperty,uid,name,signature>}s)<MetaObject,methods,signals,properties,description>"}) {
    const auto parsed = Signature::parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().cause;
    EXPECT_EQ(parsed->text(), text);
  }
}

TEST(Signature, isVoidUnlessSaidOtherwise) {
  EXPECT_EQ(Signature().text(), "v");
  EXPECT_EQ(Signature().kind(), Kind::void_);
}

TEST(Signature, givesItsParts) {
  const auto type = Signature::of("({sI}+d[m])<Shape,names,size,rest>");
  EXPECT_EQ(type.kind(), Kind::tuple);
  ASSERT_EQ(type.size(), 3u);
  EXPECT_EQ(type[0].kind(), Kind::map);
  EXPECT_EQ(type[0][0].kind(), Kind::string);
  EXPECT_EQ(type[0][1].kind(), Kind::uint32);
  EXPECT_EQ(type[1].kind(), Kind::optional);
  EXPECT_EQ(type[1][0].kind(), Kind::double_);
  EXPECT_EQ(type[2].kind(), Kind::list);
  EXPECT_EQ(type[2][0].kind(), Kind::dynamic);
  EXPECT_THROW((void)type[3], std::out_of_range);
}

TEST(Signature, namesTheFieldsOfAStruct) {
  const auto type = Signature::of("(ids)<Point,x,y,label>");
  EXPECT_EQ(type.annotation(), "Point,x,y,label");
  EXPECT_EQ(type.structName(), "Point");
  EXPECT_EQ(type.fieldNames(), (std::vector<std::string>{"x", "y", "label"}));
}

TEST(Signature, namesNoFieldsWhereTheAnnotationDoesNotNameEach) {
  EXPECT_TRUE(Signature::of("(ids)<Point,x,y>").fieldNames().empty());
  EXPECT_TRUE(Signature::of("(ids)<Point>").fieldNames().empty());
  EXPECT_TRUE(Signature::of("(ids)").fieldNames().empty());
  EXPECT_TRUE(Signature::of("[i]<Point,x>").fieldNames().empty());
  EXPECT_EQ(Signature::of("(ids)<Point>").structName(), "Point");
  EXPECT_EQ(Signature::of("[i]<Point,x>").structName(), "");
}

TEST(Signature, comparesTypesWithoutAnnotations) {
  const auto point = Signature::of("(id)<Point,x,y>");
  EXPECT_TRUE(point.sameType(Signature::of("(id)")));
  EXPECT_FALSE(point == Signature::of("(id)"));
  EXPECT_TRUE(point == Signature::of("(id)<Point,x,y>"));
  EXPECT_FALSE(point.sameType(Signature::of("(if)")));
  EXPECT_FALSE(point.sameType(Signature::of("(idd)")));
  EXPECT_FALSE(Signature::of("[i]").sameType(Signature::of("#i")));
  EXPECT_FALSE(Signature::of("{ss}").sameType(Signature::of("(ss)")));
}

TEST(Signature, isBuiltFromParts) {
  const auto number = Signature::of("i"), text = Signature::of("s");
  EXPECT_EQ(Signature::listOf(number).text(), "[i]");
  EXPECT_EQ(Signature::varargsOf(number).text(), "#i");
  EXPECT_EQ(Signature::optionalOf(number).text(), "+i");
  EXPECT_EQ(Signature::mapOf(text, number).text(), "{si}");
  EXPECT_EQ(Signature::tupleOf({}).text(), "()");
  EXPECT_EQ(Signature::tupleOf({number, Signature::listOf(text)}, "A,b,c").text(), "(i[s])<A,b,c>");
}

TEST(Signature, knowsTheLeastBytesOfItsValues) {
  const std::pair<const char*, std::size_t> sizes[] = {
      {"v", 0},  {"b", 1},  {"C", 1},  {"w", 2},   {"I", 4},     {"L", 8},        {"f", 4},
      {"d", 8},  {"s", 4},  {"r", 4},  {"m", 4},   {"o", 13},    {"[d]", 4},      {"{sd}", 4},
      {"#d", 4}, {"+d", 1}, {"()", 0}, {"(v)", 0}, {"(ibs)", 9}, {"((d)(d))", 16}};
  for (const auto& [text, size] : sizes) EXPECT_EQ(Signature::of(text).minSize(), size) << text;
  EXPECT_EQ(Signature::tupleOf({Signature::of("i"), Signature::of("s")}).minSize(), 8u);
}

TEST(Signature, knowsWhetherItsValuesMayHoldObjects) {
  for (const char* text : {"o", "m", "[o]", "#m", "{so}", "{os}", "(i(s[o]))", "+o", "(o)<S,object>"})
    EXPECT_TRUE(Signature::of(text).mayHoldObjects()) << text;
  for (const char* text : {"v", "b", "i", "d", "s", "r", "()", "[i]", "{sr}", "(is)<o,m,o>", "+(f)", "[[s]]"})
    EXPECT_FALSE(Signature::of(text).mayHoldObjects()) << text;
}

TEST(Signature, refusesWhatTheGrammarDoesNotHave) {
  EXPECT_EQ(whyNoSignature(""), "bad signature \"\": type expected at position 0");
  EXPECT_EQ(whyNoSignature("y"), "bad signature \"y\": no type begins with this character at position 0");
  EXPECT_EQ(whyNoSignature("ii"), "bad signature \"ii\": text after the type at position 1");
  EXPECT_EQ(whyNoSignature("[i"), "bad signature \"[i\": ']' expected at position 2");
  EXPECT_EQ(whyNoSignature("["), "bad signature \"[\": type expected at position 1");
  EXPECT_EQ(whyNoSignature("[]"), "bad signature \"[]\": no type begins with this character at position 1");
  EXPECT_EQ(whyNoSignature("[ii]"), "bad signature \"[ii]\": ']' expected at position 2");
  EXPECT_EQ(whyNoSignature("[i)"), "bad signature \"[i)\": ']' expected at position 2");
  EXPECT_EQ(whyNoSignature("{s}"), "bad signature \"{s}\": no type begins with this character at position 2");
  EXPECT_EQ(whyNoSignature("{sii}"), "bad signature \"{sii}\": '}' expected at position 3");
  EXPECT_EQ(whyNoSignature("(ii"), "bad signature \"(ii\": ')' expected at position 3");
  EXPECT_EQ(whyNoSignature("(ii]"), "bad signature \"(ii]\": no type begins with this character at position 3");
  EXPECT_EQ(whyNoSignature("(i))"), "bad signature \"(i))\": text after the type at position 3");
  for (const std::string text : {"#", "~", "+", "[+]", "(#)"}) EXPECT_NE(whyNoSignature(text), "");
  EXPECT_EQ(whyNoSignature("i<a"), "bad signature \"i<a\": annotation without an end at position 3");
  EXPECT_EQ(whyNoSignature("i<a<b>"), "bad signature \"i<a<b>\": annotation without an end at position 6");
  EXPECT_EQ(whyNoSignature("i<a>>"), "bad signature \"i<a>>\": text after the type at position 4");
  EXPECT_EQ(whyNoSignature("i<a><b>"), "bad signature \"i<a><b>\": text after the type at position 4");
  EXPECT_EQ(whyNoSignature("<a>"), "bad signature \"<a>\": no type begins with this character at position 0");
  EXPECT_EQ(whyNoSignature("i "), "bad signature \"i \": text after the type at position 1");
}

TEST(Signature, mayNestAsDeepAsTheLimitAndNoDeeper) {
  const auto deepest = static_cast<std::size_t>(limits::maxDepth - 1);  // the element is a level too
  EXPECT_TRUE(Signature::parse(nested(deepest)));
  EXPECT_NE(whyNoSignature(nested(deepest + 1)).find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(whyNoSignature(std::string(100, '+') + "i").find("nested deeper than 64"), std::string::npos);
}

TEST(Signature, refusesTenThousandLevels) {
  EXPECT_NE(whyNoSignature(nested(10000), run::Code::tooLarge), "");
  EXPECT_NE(whyNoSignature(nested(4000)).find("nested deeper than 64"),
            std::string::npos);  // within the limit of length
  EXPECT_NE(whyNoSignature(std::string(10000, '('), run::Code::tooLarge), "");
}

TEST(Signature, mayBeAsLongAsTheLimitAndNoLonger) {
  const std::string longest = "i<" + std::string(limits::maxSignature - 3, 'x') + ">";
  EXPECT_TRUE(Signature::parse(longest));
  const auto cause = whyNoSignature(longest + "i", run::Code::tooLarge);
  EXPECT_EQ(cause, "a signature of 8193 bytes is above the limit of 8192");
}

TEST(Signature, isRefusedWithPrintableWordsWhateverItHolds) {
  EXPECT_TRUE(isUtf8(whyNoSignature("\xFF\xFE\x80")));
  EXPECT_TRUE(isUtf8(whyNoSignature("i<" + std::string(77, 'x') + "\xC3\xA9")));
  EXPECT_LT(whyNoSignature(std::string(4000, 'y')).size(), 200u);
}

TEST(Signature, ofTextInTheProgramThrowsWhereItIsWrong) { EXPECT_THROW(Signature::of("["), std::invalid_argument); }

}  // namespace
}  // namespace beckon::qi
