#include "gateway/doors/command_form.hpp"

#include "core/qi/argument_texts.hpp"

#include <gmock/gmock.h>

namespace beckon::gateway {
namespace {

using testing::ElementsAre;
using xmpp::DataForm;

qi::MetaMethod method(const std::string& parameters, std::vector<qi::MetaMethodParameter> names = {}) {
  return {100, "v", "m", parameters, "What it does.", std::move(names), {}};
}

DataForm filled(const std::vector<std::pair<std::string, std::vector<std::string>>>& values) {
  DataForm out{.type = "submit"};
  for (const auto& [name, lines] : values) out.fields.push_back({.name = name, .type = "", .values = lines});
  return out;
}

TEST(CommandForm, hasAFieldForEachArgument) {
  const auto form = argumentForm("S", method("(bCds[s]m+i{si})", {{"isOn", "whether it shines"}}));
  EXPECT_EQ(form.type, "form");
  EXPECT_EQ(form.title, "S.m");
  EXPECT_THAT(form.instructions, ElementsAre("What it does."));
  std::vector<std::string> told;
  for (const auto& field : form.fields)
    told.push_back(field.name + " " + field.type + (field.isRequired ? " required" : "") + " " + field.label);
  EXPECT_THAT(
      told,
      ElementsAre("argument1 boolean isOn: true or false",
                  "argument2 text-single required Argument 2: a whole number from 0 to 255",
                  "argument3 text-single required Argument 3: a number", "argument4 text-single Argument 4: a text",
                  "argument5 text-multi Argument 5: lines, each a text, or a JSON array of them",
                  "argument6 text-single Argument 6: a text, or JSON",
                  "argument7 text-single Argument 7: a whole number from -2147483648 to 2147483647, or nothing",
                  "argument8 text-single required Argument 8: a JSON text of type {si}"));
  EXPECT_EQ(form.fields[0].description, "whether it shines");
  EXPECT_EQ(form.fields[2].validation, (DataForm::Validation{"xs:double", "", ""}));
  EXPECT_FALSE(form.fields[3].validation);
}

TEST(CommandForm, keepsWhatWasFilledInAndSaysWhatIsWrong) {
  const auto before = filled({{"argument1", {"a", "b"}}, {"argument9", {"x"}}});
  const auto form = argumentForm("S", method("([s]i)"), &before, "not that");
  EXPECT_THAT(form.instructions, ElementsAre("not that", "What it does."));
  EXPECT_THAT(form.fields[0].values, ElementsAre("a", "b"));
  EXPECT_TRUE(form.fields[1].values.empty());
}

TEST(CommandForm, givesATextForEachArgumentWhateverIsMissing) {
  EXPECT_THAT(argumentsIn(filled({{"argument2", {"a", "b"}}, {"argument3", {"1"}}}), method("(s[s]bbi)")),
              ElementsAre("", "a\nb", "1", "0", ""));
  EXPECT_TRUE(argumentsIn(filled({{"argument1", {"a"}}}), method("not a signature")).empty());
}

TEST(CommandForm, tellsAResultByItsType) {
  const auto told = [](std::string_view text, std::string_view type) {
    const auto form = resultForm("S.m", qi::fromText(text, qi::Signature::of(type)).value());
    const auto* field = form.field("result");
    return form.type + " " + field->type + " " + field->text();
  };
  EXPECT_EQ(told("hello", "s"), "result text-single hello");
  EXPECT_EQ(told("", "s"), "result text-single ");
  EXPECT_EQ(told("two\nlines", "s"), "result text-multi two\nlines");
  EXPECT_EQ(told("true", "b"), "result boolean 1");
  EXPECT_EQ(told("5", "m"), "result text-single 5");
  EXPECT_EQ(told("0.5\n1", "[f]"), "result text-multi 0.5\n1.0");
  EXPECT_EQ(told(R"({"a":1})", "{si}"), R"(result text-single {"a":1})");
}

TEST(CommandForm, showsNoControlCharactersOfAService) {
  auto one = method("()");
  one.description = "does\x1b[2J it";
  EXPECT_THAT(argumentForm("S", one).instructions, ElementsAre("does\uFFFD[2J it"));
}

}  // namespace
}  // namespace beckon::gateway
