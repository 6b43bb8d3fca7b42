#include "xmpp/data_form.hpp"

#include <gmock/gmock.h>

namespace beckon::xmpp {
namespace {

using testing::ElementsAre;

DataForm motion() {
  return {
      .type = "form",
      .title = "Motion.move",
      .instructions = {"Walks & turns.", "Slowly."},
      .fields = {{.name = "argument1",
                  .type = "text-single",
                  .label = "x",
                  .description = "metres",
                  .values = {"0.5"},
                  .validation = DataForm::Validation{"xs:integer", "0", "255"},
                  .isRequired = true},
                 {.name = "method", .type = "list-single", .options = {{"say <text>", "say::(s)"}, {"", "stop::()"}}},
                 {.name = "speed", .type = "text-single", .validation = DataForm::Validation{"xs:double", "", ""}}}};
}

TEST(DataForm, isWrittenAsXep0004HasIt) {
  DataForm form{.type = "form", .title = "T"};
  form.fields = {{.name = "a",
                  .type = "text-single",
                  .label = "A",
                  .values = {"1"},
                  .validation = DataForm::Validation{"xs:integer", "-128", "127"},
                  .isRequired = true}};
  EXPECT_EQ(form.element().toXml(),
            "<x xmlns='jabber:x:data' type='form'><title>T</title>"
            "<field label='A' type='text-single' var='a'><required/>"
            "<validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:integer'>"
            "<range max='127' min='-128'/></validate><value>1</value></field></x>");
}

TEST(DataForm, isTheSameOnceItIsRead) {
  const auto again = DataForm::read(motion().element());
  ASSERT_TRUE(again) << again.error().cause;
  EXPECT_EQ(*again, motion());
  ASSERT_NE(again->field("speed"), nullptr);
  EXPECT_EQ(again->field("height"), nullptr);
}

TEST(DataForm, hasValuesAsLines) {
  Element x("x", std::string(DataForm::ns));
  Element field("field");
  field.set("var", "a").add(Element("value", {}, "one")).add(Element("value", {}, "")).add(Element("value", {}, "two"));
  x.set("type", "submit").add(field).add(Element("field").set("var", "b"));
  const auto form = DataForm::read(x);
  ASSERT_TRUE(form);
  EXPECT_THAT(form->field("a")->values, ElementsAre("one", "", "two"));
  EXPECT_EQ(form->field("a")->text(), "one\n\ntwo");
  EXPECT_EQ(form->field("b")->text(), "");
}

TEST(DataForm, refusesWhatIsNone) {
  EXPECT_EQ(DataForm::read(Element("x", "jabber:x:data")).error().code, run::Code::protocolError);
  EXPECT_FALSE(DataForm::read(Element("x", "jabber:x:oob").set("type", "submit")));
  EXPECT_FALSE(DataForm::read(Element("y", "jabber:x:data").set("type", "submit")));
  EXPECT_FALSE(DataForm::read(Element("x", "jabber:x:data").set("type", "dance")));
  const auto twice = Element("x", "jabber:x:data")
                         .set("type", "submit")
                         .add(Element("field").set("var", "a"))
                         .add(Element("field").set("var", "a"));
  EXPECT_EQ(DataForm::read(twice).error().cause, "the form has a field twice");
}

}  // namespace
}  // namespace beckon::xmpp
