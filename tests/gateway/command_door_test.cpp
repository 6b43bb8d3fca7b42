// Ad-hoc commands as a client without any knowledge of Beckon uses them.
#include "gateway/doors/command_door.hpp"

#include "gateway/doors/command_form.hpp"
#include "gateway/doors/command_sessions.hpp"
#include "tests/gateway/iq_door_fixture.hpp"
#include "tests/gateway/random_policies.hpp"
#include "tests/gateway/recorded.hpp"
#include "xmpp/command.hpp"

namespace beckon::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using xmpp::DataForm;
using xmpp::command::Action;
using xmpp::command::Step;
namespace command = xmpp::command;

class CommandDoorTest : public IqDoorTest {
 protected:
  void openCommands(const std::string& toml) {
    openWith(toml);
    xmppRequests->record(recorded.trail);
    commands.emplace(xmppRequests);
    commands->open(*client);
  }
  ~CommandDoorTest() override { commands.reset(); }
  static std::string rule(const std::string& on, const std::string& more = {}) {
    return "[[rule]]\nname = 'r'\nwho = 'owner@x'\nmay = '*'\non = " + on + "\n" + more + "\n";
  }
  void offer(const std::string& name, localbus::ObjectBuilder& builder) {
    bus.await(provider->registerService(name, builder.build())).value();
  }

  Element query(std::string_view xmlns, std::string_view node = command::ns) {
    return Element("query", std::string(xmlns)).set("node", node);
  }
  std::vector<std::string> offers(const std::string& from = owner) {
    const auto answer = ask(from, "get", query(command::itemsNs));
    const auto* items = answer.child("query", command::itemsNs);
    std::vector<std::string> out;
    if (!items) return {"error"};
    for (const auto& item : items->children) {
      EXPECT_EQ(item.attribute("jid"), "robot@x/beckond");
      out.emplace_back(item.attribute("node"));
    }
    return out;
  }

  // What is shown of an answer: a stage, or an error.
  struct Shown {
    std::string status, session, actions, notes, error;
    DataForm form;
  };
  Shown shown(const Element& answer) {
    Shown out;
    if (answer.attribute("type") == "error") {
      out.error = answer.child("error", xmpp::ns::client)->toXml();
      return out;
    }
    const auto* found = answer.child("command", command::ns);
    if (!found) return out;
    out.status = found->attribute("status");
    out.session = found->attribute("sessionid");
    for (const auto& child : found->children) {
      if (child.name == "note") out.notes += std::string(child.attribute("type")) + ": " + child.text;
      if (child.name == "actions")
        for (const auto& action : child.children) out.actions += action.name + " ";
      if (child.name == "x") out.form = DataForm::read(child).value();
    }
    return out;
  }
  Shown take(const Step& step, const std::string& from = owner) {
    return shown(ask(from, "set", command::stepRequest(step)));
  }
  Shown begin(const std::string& node, const std::string& from = owner) { return take({node, ""}, from); }
  Step filled(const std::string& node, const Shown& at, const std::vector<std::string>& values,
              Action action = Action::complete) {
    DataForm form{.type = "submit"};
    for (std::size_t i = 0; i < values.size(); ++i)
      form.fields.push_back({.name = "argument" + std::to_string(i + 1), .type = "", .values = {values[i]}});
    return {node, at.session, action, form};
  }
  Step choosing(const std::string& node, const Shown& at, const std::string& method) {
    return {node, at.session, Action::next,
            DataForm{.type = "submit", .fields = {{.name = "method", .type = "", .values = {method}}}}};
  }

  test::Recorded recorded{bus.io};
  std::optional<CommandDoor> commands;
};

TEST_F(CommandDoorTest, listsExactlyWhatTheCallerMayCall) {
  openCommands(rule("['Speech.say', 'Speech.volume', 'Speech.nothing']") +
               "[[rule]]\nname = 'p'\nwho = 'owner@x'\nmay = 'post'\non = 'Speech.echo'\n");
  EXPECT_THAT(offers(), ElementsAre("Speech.say"));
  EXPECT_EQ(begin("Speech.say").form.fields.size(), 1u);
  openCommands(rule("'Speech'"));
  EXPECT_THAT(offers(), ElementsAre("Speech.say", "Speech.echo", "Speech.fail", "Speech.later"));
  openCommands(rule("'Speech.volume'"));
  EXPECT_THAT(offers(), IsEmpty());
}

TEST_F(CommandDoorTest, offersAndCarriesOutWhatTheRulesOfRandomPoliciesLetTheCallerCallAndNothingElse) {
  test::RandomPolicies any{policy::Door::iq, {"p0@x", "p1@x", "p3@y"}, {"p0@x", "p1@x", "*@x", "*"}};
  std::size_t all = 0;
  for (int round = 0; round < 10 && !HasFailure(); ++round) {
    std::vector<std::uint32_t> ids;
    any.fillBus([&](const std::string& name, const auto& object) {
      ids.push_back(bus.await(provider->registerService(name, object)).value());
    });
    const auto policy = any.newPolicy();
    open(policy);
    commands.emplace(xmppRequests);
    commands->open(*client);
    for (const auto& who : any.principals) {
      const auto offered = offers(who + "/r");
      for (const auto& service : any.services)
        for (const auto& member : any.members) {
          const auto where = any.place(service, member);
          const auto known = any.existing.find(where);
          const bool isGranted = known != any.existing.end() && known->second == policy::Kind::method &&
                                 any.isGranted(*policy, who, policy::Verb::call, service, member);
          EXPECT_EQ(std::ranges::count(offered, where), isGranted ? 1 : 0) << who << " " << where << any.context();
          const auto before = any.calls[where];
          // Of what may be used in another way the refusal is told.
          const bool isDone = begin(where, who + "/r").notes == "info: " + where + ": done";
          EXPECT_EQ(isDone, isGranted) << who << " " << where << any.context();
          EXPECT_EQ(any.calls[where] - before, isGranted ? 1 : 0) << who << " " << where << any.context();
          all += isGranted;
        }
    }
    for (const auto id : ids) ASSERT_TRUE(bus.await(provider->unregisterService(id)));
  }
  EXPECT_GT(all, 0u);
}

TEST_F(CommandDoorTest, answersAStrangerAsAnAccountThatDoesNotExist) {
  openCommands(rule("'*'"));
  const std::string stranger = "stranger@x/r";
  for (const auto& [type, body] :
       std::vector<std::pair<const char*, Element>>{{"get", query(command::itemsNs)},
                                                    {"get", query(command::itemsNs, "")},
                                                    {"get", query(xmpp::ns::discoInfo)},
                                                    {"get", query(xmpp::ns::discoInfo, "Speech.say")},
                                                    {"set", command::stepRequest({"Speech.say", ""})},
                                                    {"set", Element("command", std::string(command::ns))}})
    EXPECT_EQ(shown(ask(stranger, type, body)).error, xmpp::serviceUnavailable.element().toXml()) << body.toXml();
  EXPECT_THAT(recorded.text(), HasSubstr("\"door\":\"command\",\"who\":\"stranger@x\""));
}

TEST_F(CommandDoorTest, asksForTheArgumentsAndTellsTheResult) {
  openCommands(rule("'*'"));
  const auto form = begin("Speech.echo");
  EXPECT_EQ(form.status, "executing");
  EXPECT_EQ(form.actions, "complete ");
  EXPECT_EQ(form.form.title, "Speech.echo");
  ASSERT_EQ(form.form.fields.size(), 1u);
  EXPECT_EQ(form.form.fields[0].type, "text-single");
  const auto done = take(filled("Speech.echo", form, {"hello <you>"}));
  EXPECT_EQ(done.status, "completed");
  EXPECT_EQ(done.session, form.session);
  EXPECT_EQ(done.form.type, "result");
  EXPECT_EQ(done.form.field("result")->text(), "hello <you>");
  EXPECT_EQ(calls, 1);
  const auto silent = begin("Speech.say");
  EXPECT_EQ(take(filled("Speech.say", silent, {"hi"}, Action::execute)).notes, "info: Speech.say: done");
  EXPECT_THAT(said, ElementsAre("hi"));
  EXPECT_THAT(recorded.lines(), ElementsAre("call Speech.echo done", "call Speech.say done"));
  EXPECT_THAT(recorded.text(), HasSubstr("\"door\":\"command\",\"who\":\"owner@x\",\"session\":\"owner@x/phone\""));
}

TEST_F(CommandDoorTest, carriesOutAStepOnceAndForWhoBeganItOnly) {
  openCommands(rule("'*'") + "[[rule]]\nname = 'o'\nwho = 'other@x'\nmay = '*'\non = '*'\n");
  const auto form = begin("Speech.echo");
  const auto step = filled("Speech.echo", form, {"x"});
  const auto isUnknown = HasSubstr("<bad-sessionid xmlns='http://jabber.org/protocol/commands'/>");
  EXPECT_THAT(take(step, "other@x/phone").error, isUnknown);
  EXPECT_THAT(take(step, "owner@x/tablet").error, isUnknown);
  const auto first = request(owner, "set", {command::stepRequest(step)});
  const auto second = request(owner, "set", {command::stepRequest(step)});
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(first) && answerTo(second); }));
  EXPECT_EQ(shown(*answerTo(first)).status, "completed");
  EXPECT_THAT(shown(*answerTo(second)).error, isUnknown);
  EXPECT_EQ(calls, 1);
}

TEST_F(CommandDoorTest, givesTheFormAgainForBadInput) {
  localbus::ObjectBuilder builder;
  builder.method("set", [this](std::uint8_t level, bool isOn) { calls += isOn ? level : 100; });
  offer("Lamp", builder);
  openCommands(rule("'*'"));
  const auto form = begin("Lamp.set");
  ASSERT_EQ(form.form.fields.size(), 2u);
  EXPECT_EQ(form.form.fields[0].validation, (DataForm::Validation{"xs:integer", "0", "255"}));
  EXPECT_EQ(form.form.fields[0].label, "Argument 1: a whole number from 0 to 255");
  EXPECT_THAT(form.form.instructions, IsEmpty());
  EXPECT_TRUE(form.form.fields[0].isRequired);
  EXPECT_EQ(form.form.fields[1].type, "boolean");
  const auto again = take(filled("Lamp.set", form, {"300", "1"}));
  EXPECT_EQ(again.status, "executing");
  EXPECT_EQ(again.session, form.session);
  EXPECT_THAT(again.notes,
              HasSubstr("error: bad-arguments: argument 1: \"300\" stands where a whole number from 0 to"));
  EXPECT_THAT(again.form.instructions, ElementsAre(HasSubstr("\"300\" stands where")));
  EXPECT_EQ(again.form.fields[0].text(), "300");
  EXPECT_EQ(again.form.fields[1].text(), "1");
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(take(filled("Lamp.set", again, {"200", "true"})).status, "completed");
  EXPECT_EQ(calls, 200);
  // A switch that is not sent is off.
  EXPECT_EQ(take(filled("Lamp.set", begin("Lamp.set"), {"1"})).status, "completed");
  EXPECT_EQ(calls, 300);
  EXPECT_THAT(recorded.lines(),
              ElementsAre("call Lamp.set refused (bad-arguments)", "call Lamp.set done", "call Lamp.set done"));
}

TEST_F(CommandDoorTest, letsTheMethodOfALargeServiceBeChosen) {
  localbus::ObjectBuilder builder;
  for (const char* name : {"a", "b", "c", "d"}) builder.method(name, [this] { ++calls; });
  builder.method("e", [this](const std::string& text) { return said.push_back(text), 7; });
  builder.method("e", [this](int number) { return calls += number; });
  offer("Large", builder);
  openCommands(rule("'Large'"));
  EXPECT_THAT(offers(), ElementsAre("Large"));
  const auto choice = begin("Large");
  EXPECT_EQ(choice.actions, "next ");
  ASSERT_EQ(choice.form.fields.size(), 1u);
  EXPECT_EQ(choice.form.fields[0].type, "list-single");
  ASSERT_EQ(choice.form.fields[0].options.size(), 6u);
  EXPECT_EQ(choice.form.fields[0].options[4], (DataForm::Option{"e <text>", "e::(s)"}));
  EXPECT_THAT(take({"Large", choice.session, Action::complete, DataForm{.type = "submit"}}).error,
              HasSubstr("<bad-action"));
  EXPECT_THAT(take({"Large", choice.session, Action::prev}).error, HasSubstr("<bad-action"));
  EXPECT_THAT(take({"Large", choice.session, Action::next}).error, HasSubstr("<bad-payload"));
  EXPECT_THAT(take(choosing("Large", choice, "zoom")).notes, HasSubstr("choose one"));
  const auto form = take(choosing("Large", choice, "e::(i)"));
  EXPECT_EQ(form.actions, "prev complete ");
  EXPECT_EQ(form.form.title, "Large.e");
  EXPECT_THAT(take({"Large", choice.session, Action::next, DataForm{.type = "submit"}}).error,
              HasSubstr("<bad-action"));
  EXPECT_EQ(take({"Large", choice.session, Action::prev}).form.fields[0].name, "method");
  EXPECT_EQ(take(choosing("Large", choice, "e::(i)")).form.title, "Large.e");
  EXPECT_EQ(take(filled("Large", choice, {"5"})).form.field("result")->text(), "5");
  // One without arguments runs at once.
  EXPECT_EQ(take(choosing("Large", begin("Large"), "a::()")).status, "completed");
  EXPECT_EQ(calls, 6);
  // Overloads by their name.
  EXPECT_EQ(begin("Large.e").form.fields[0].options.size(), 2u);
  EXPECT_EQ(begin("Large.e::(s)").form.fields[0].label, "Argument 1: a text");
  EXPECT_EQ(begin("Large.b").status, "completed");
  EXPECT_EQ(calls, 7);
}

TEST_F(CommandDoorTest, cancels) {
  openCommands(rule("'*'"));
  const auto form = begin("Speech.echo");
  EXPECT_EQ(take({"Speech.echo", form.session, Action::cancel}).status, "canceled");
  EXPECT_THAT(take(filled("Speech.echo", form, {"x"})).error, HasSubstr("<bad-sessionid"));
  EXPECT_THAT(take({"Speech.echo", "", Action::cancel}).error, HasSubstr("<bad-action"));
  EXPECT_THAT(take({"Speech.echo", "made up", Action::complete}).error, HasSubstr("<bad-sessionid"));
  EXPECT_EQ(calls, 0);
}

TEST_F(CommandDoorTest, answersWhatIsRefusedAsWhatDoesNotExistAndRecordsIt) {
  openCommands(rule("'Speech.echo'"));
  auto refused = begin("Speech.say").error, absent = begin("Speech.sya").error;
  for (auto at = refused.find("say"); at != refused.npos; at = refused.find("say")) refused.replace(at, 3, "sya");
  EXPECT_EQ(refused, absent);
  EXPECT_THAT(refused, HasSubstr("item-not-found"));
  EXPECT_THAT(begin("ServiceDirectory").error, HasSubstr("item-not-found"));
  EXPECT_THAT(begin("Speech").form.fields[0].options, ElementsAre(DataForm::Option{"echo <text>", "echo::(s)"}));
  EXPECT_THAT(recorded.lines(),
              ElementsAre("call Speech.say refused (not-granted)", "call Speech.sya refused (not-granted)"));
  // What is taken back while the form is filled in.
  const auto form = begin("Speech.echo");
  authority->replace(policy::Policy::parse(rule("'Speech.say'"), "policy.toml").value());
  EXPECT_THAT(take(filled("Speech.echo", form, {"x"})).error, HasSubstr("item-not-found"));
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(recorded.lines().back(), "call Speech.echo refused (not-granted)");
}

TEST_F(CommandDoorTest, tellsWhyACallFails) {
  openCommands(rule("'*'"));
  const auto failed = begin("Speech.fail");
  EXPECT_EQ(failed.status, "completed");
  EXPECT_THAT(failed.notes, HasSubstr("error: call-failed: Speech answered: it <broke> & \"ended\""));
  openCommands(rule("'*'", "rate = '1/h'\npayload = '20 B'"));
  EXPECT_THAT(take(filled("Speech.echo", begin("Speech.echo"), {"longer than twenty bytes"})).notes,
              HasSubstr("too-large"));
  EXPECT_EQ(take(filled("Speech.echo", begin("Speech.echo"), {"x"})).status, "completed");
  EXPECT_THAT(take(filled("Speech.echo", begin("Speech.echo"), {"x"})).notes, HasSubstr("overloaded"));
  EXPECT_EQ(calls, 2);
}

TEST_F(CommandDoorTest, doesNothingWithoutTheControlLeaseThatItTakes) {
  openCommands("[leases.talk]\non = 'Speech'\nstop = 'Speech.hush'\n" + rule("'*'"));
  EXPECT_THAT(take(filled("Speech.echo", begin("Speech.echo"), {"x"})).notes, HasSubstr("lease-needed"));
  EXPECT_EQ(calls, 0);
}

TEST_F(CommandDoorTest, describesItsNodes) {
  openCommands(rule("'Speech.echo'"));
  const auto info = [&](const std::string& node) {
    return ask(owner, "get", query(xmpp::ns::discoInfo, node)).toXml();
  };
  EXPECT_THAT(info(std::string(command::ns)),
              HasSubstr("<identity category='automation' name='Commands' type='command-list'/>"));
  EXPECT_THAT(info("Speech.echo"), HasSubstr("type='command-node'"));
  EXPECT_THAT(info("Speech.echo"), HasSubstr("<feature var='jabber:x:data'/>"));
  EXPECT_THAT(info("Speech.say"), HasSubstr("item-not-found"));
  EXPECT_THAT(shown(ask(owner, "get", query(command::itemsNs, "music"))).error, HasSubstr("item-not-found"));
  EXPECT_THAT(ask(owner, "get", Element("query", std::string(command::itemsNs))).toXml(), Not(HasSubstr("item ")));
}

TEST_F(CommandDoorTest, remembersFewSessionsOfAnAccount) {
  openCommands(rule("'*'"));
  const auto first = begin("Speech.echo");
  for (std::size_t i = 1; i < CommandSessions::mostOfAnAccount; ++i) begin("Speech.echo");
  const auto last = begin("Speech.echo");
  EXPECT_THAT(take(filled("Speech.echo", first, {"x"})).error, HasSubstr("<bad-sessionid"));
  EXPECT_EQ(take(filled("Speech.echo", last, {"x"})).status, "completed");
}

}  // namespace
}  // namespace beckon::gateway
