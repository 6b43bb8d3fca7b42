#include "xmpp/command.hpp"

#include <gmock/gmock.h>

namespace beckon::xmpp::command {
namespace {

using testing::HasSubstr;

Element asked(std::string_view node, std::string_view action = {}) {
  Element out("command", std::string(ns));
  out.set("node", node);
  if (!action.empty()) out.set("action", action);
  return out;
}
std::string wrong(const Element& element) {
  const auto reading = readStep(element);
  return reading.error ? reading.error->element().toXml("jabber:client") : "";
}

TEST(Command, readsAStep) {
  auto step = readStep(asked("Speech.say")).step;
  EXPECT_EQ(step.node, "Speech.say");
  EXPECT_EQ(step.action, Action::execute);
  EXPECT_EQ(step.sessionId, "");
  EXPECT_FALSE(step.form);
  for (const auto action : {Action::execute, Action::cancel, Action::prev, Action::next, Action::complete}) {
    const Step written{"n", "s", action,
                       DataForm{.type = "submit", .fields = {{.name = "a", .type = "", .values = {"1"}}}}};
    const auto reading = readStep(stepRequest(written));
    ASSERT_FALSE(reading.error);
    EXPECT_EQ(reading.step.action, action);
    EXPECT_EQ(reading.step.sessionId, "s");
    EXPECT_EQ(reading.step.form, written.form);
  }
}

TEST(Command, takesACanceledFormForACanceledCommand) {
  const auto reading = readStep(asked("n", "execute").add(Element("x", "jabber:x:data").set("type", "cancel")));
  EXPECT_EQ(reading.step.action, Action::cancel);
  EXPECT_FALSE(reading.step.form);
}

TEST(Command, saysWhatIsWrongByTheNamesOfXep0050) {
  EXPECT_THAT(wrong(asked("n", "dance")),
              HasSubstr("<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"));
  EXPECT_THAT(wrong(asked("n", "dance")), HasSubstr("<malformed-action xmlns='http://jabber.org/protocol/commands'/>"));
  EXPECT_THAT(wrong(asked("")), HasSubstr("<bad-payload"));
  EXPECT_THAT(wrong(asked(std::string(1025, 'n'))), HasSubstr("<bad-payload"));
  EXPECT_EQ(wrong(asked(std::string(1024, 'n'))), "");
  EXPECT_THAT(wrong(asked("n").add(Element("x", "jabber:x:data"))), HasSubstr("<bad-payload"));
}

TEST(Command, writesAStage) {
  const Stage stage{"n",
                    "s",
                    Stage::Status::executing,
                    {Action::prev, Action::complete},
                    {{"error", "no"}},
                    DataForm{.type = "form"}};
  EXPECT_EQ(stageResult(stage).toXml(),
            "<command xmlns='http://jabber.org/protocol/commands' node='n' sessionid='s' status='executing'>"
            "<actions execute='complete'><prev/><complete/></actions><x xmlns='jabber:x:data' type='form'/>"
            "<note type='error'>no</note></command>");
  EXPECT_EQ(stageResult({"n", "s", Stage::Status::canceled}).toXml(),
            "<command xmlns='http://jabber.org/protocol/commands' node='n' sessionid='s' status='canceled'/>");
  EXPECT_EQ(stageResult({"n", ""}).toXml(),
            "<command xmlns='http://jabber.org/protocol/commands' node='n' status='completed'/>");
}

TEST(Command, writesWhatIsOffered) {
  EXPECT_EQ(itemsResult(ns, "r@x/b", {{"S.m", "S.m & more"}}).toXml(),
            "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'>"
            "<item jid='r@x/b' name='S.m &amp; more' node='S.m'/></query>");
}

}  // namespace
}  // namespace beckon::xmpp::command
