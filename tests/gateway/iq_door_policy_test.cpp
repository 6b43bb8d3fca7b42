// What the IQ door makes of a policy: its limits, what it tells, and a change while somebody is there.

#include "tests/gateway/iq_door_fixture.hpp"

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class IqDoorPolicyTest : public IqDoorTest {
 protected:
  static std::string rule(const std::string& more, const std::string& name = "r") {
    return "[[rule]]\nname = '" + name + "'\nwho = 'owner@x'\n" + more + "\n";
  }
  void change(const std::string& toml) { authority->replace(policy::Policy::parse(toml, "policy.toml").value()); }
  std::vector<std::string> services() { return rpc::readServices(result("get", rpc::servicesRequest())).value(); }
  std::vector<const Element*> messages() const {
    std::vector<const Element*> out;
    for (const auto& stanza : server->sent)
      if (stanza.name == "message") out.push_back(stanza.child("event", rpc::ns));
    return out;
  }
};

TEST_F(IqDoorPolicyTest, listsWhatTheCallerMayUseOnly) {
  openWith(rule("may = ['call', 'get']\non = ['Speech.e*', 'Speech.volume', 'Nobody.m']"));
  EXPECT_THAT(services(), ElementsAre("Speech"));
  const auto meta = rpc::readInfo(result("get", rpc::infoRequest("Speech"))).value();
  ASSERT_EQ(meta.methods.size(), 1u);
  EXPECT_EQ(meta.methods.begin()->second.name, "echo");
  EXPECT_EQ(meta.properties.size(), 1u);
  EXPECT_TRUE(meta.signals.empty());  // it may get the property, not watch it
  EXPECT_EQ(refusal("get", rpc::infoRequest("ServiceDirectory")).code, "unknown-service");
}

TEST_F(IqDoorPolicyTest, showsNoServiceOfWhichNoMemberIsVisible) {
  openWith(rule("may = 'call'\non = '*.nothing'"));
  EXPECT_THAT(services(), ElementsAre());
  const auto hidden = refusal("get", rpc::infoRequest("Speech")), absent = refusal("get", rpc::infoRequest("Spoech"));
  EXPECT_EQ(hidden.code, "unknown-service");
  EXPECT_EQ(hidden.nextStep, absent.nextStep);
}

TEST_F(IqDoorPolicyTest, answersWhatIsRefusedAsWhatDoesNotExist) {
  openWith(rule("may = '*'\non = 'Speech.echo'"));
  // The same but for the name, with the same length so that nothing but the name differs.
  const auto same = [&](std::string_view type, auto request, const std::string& refused, const std::string& absent) {
    auto one = refusal(type, request(refused)), other = refusal(type, request(absent));
    for (auto* text : {&one.text, &one.nextStep})
      for (auto at = text->find(refused); at != text->npos; at = text->find(refused))
        text->replace(at, refused.size(), absent);
    EXPECT_EQ(one.element(), other.element()) << one.text;
    EXPECT_THAT(one.code, testing::AnyOf(testing::StartsWith("unknown-"), "malformed-json"));
  };
  for (const char* arguments : {"[]", "[\"x\"]", "no JSON"}) {
    same(
        "set", [&](const std::string& name) { return call("Speech", name, arguments); }, "say", "sya");
    same(
        "set", [&](const std::string& name) { return call("Speech", name + "::(s)", arguments); }, "say", "sya");
    same(
        "set",
        [&](const std::string& name) {
          return rpc::postRequest({"Speech", name, arguments});
        },
        "say", "sya");
    same(
        "set",
        [&](const std::string& name) {
          return rpc::setRequest({"Speech", name}, "1");
        },
        "volume", "valume");
    same(
        "set", [&](const std::string& name) { return call(name, "services", arguments); }, "ServiceDirectory",
        "ServiceDirektory");
  }
  same(
      "get",
      [](const std::string& name) {
        return rpc::propertyRequest({"Speech", name});
      },
      "volume", "valume");
  same(
      "set",
      [](const std::string& name) {
        return rpc::subscribeRequest({"Speech", name, "w"});
      },
      "volume", "valume");
  same(
      "get", [](const std::string& name) { return rpc::infoRequest(name); }, "ServiceDirectory", "ServiceDirektory");
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(calls, 0);
}

TEST_F(IqDoorPolicyTest, callsNoMethodWithoutAName) {
  localbus::ObjectBuilder builder;
  builder.method("", [this] { ++calls; });
  bus.await(provider->registerService("Odd", builder.build())).value();
  openWith(rule("may = '*'\non = '*'"));
  EXPECT_EQ(refusal("set", call("Odd", "::()")).code, "unknown-member");
  EXPECT_EQ(rpc::readInfo(result("get", rpc::infoRequest("Odd")))->methods.size(), 0u);
  EXPECT_EQ(calls, 0);
}

TEST_F(IqDoorPolicyTest, tellsWhatIsRefusedOfAMemberThatIsSeen) {
  openWith(rule("may = 'get'\non = 'Speech.volume'"));
  const auto error = refusal("set", rpc::setRequest({"Speech", "volume"}, "1"));
  EXPECT_EQ(error.condition, "forbidden");
  EXPECT_EQ(error.code, "refused");
  EXPECT_THAT(error.text, HasSubstr("does not let you set Speech.volume"));
  EXPECT_EQ(result("get", rpc::propertyRequest({"Speech", "volume"})).text, "0.5");
}

TEST_F(IqDoorPolicyTest, refusesArgumentsAboveTheLimitBeforeTheyAreRead) {
  openWith(rule("may = '*'\non = '*'\npayload = '10 B'"));
  EXPECT_EQ(result("set", call("Speech", "echo", "[\"123456\"]")).text, "\"123456\"");
  EXPECT_EQ(refusal("set", call("Speech", "echo", "[\"1234567\"]")).code, "too-large");
  EXPECT_EQ(refusal("set", call("Speech", "echo", "no JSON, and too long")).code, "too-large");
  EXPECT_EQ(refusal("set", rpc::setRequest({"Speech", "volume"}, "0.250000000")).code, "too-large");
}

TEST_F(IqDoorPolicyTest, refusesWhatComesTooOftenAndCountsARepeatOnce) {
  auto now = std::chrono::steady_clock::time_point(1h);
  clock.steady = [&] { return now; };
  openWith(rule("may = '*'\non = '*'\nrate = '2/s'"));
  auto once = call("Speech", "echo", "[\"x\"]");
  rpc::Once{"id1", {}, {}}.write(once);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(result("set", once).text, "\"x\"");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(result("set", rpc::subscribeRequest({"Speech", "volume", "w"})).name, "subscribe");
  for (int i = 0; i < 5; ++i)  // renewed, it is the one that it was
    EXPECT_EQ(result("set", rpc::subscribeRequest({"Speech", "volume", "w"})).name, "subscribe");
  EXPECT_EQ(refusal("set", call("Speech", "echo", "[\"x\"]")).code, "overloaded");
  EXPECT_THAT(services(), ElementsAre("ServiceDirectory", "Speech"));  // to look around is not counted
  now += 1s;
  EXPECT_EQ(result("set", call("Speech", "echo", "[\"x\"]")).text, "\"x\"");
}

TEST_F(IqDoorPolicyTest, refusesWhatIsNotForThisTimeAndEndsWhatIsWatched) {
  auto now = std::chrono::system_clock::from_time_t(1'795'003'200);
  clock.wall = [&] { return now; };
  const auto minute = policy::localTime(now).value().minute;
  const auto hour = [](int of) { return std::to_string(100 + of / 60 % 24).substr(1) + ":00"; };
  openWith(rule("may = '*'\non = '*'\ntimes = '" + hour(minute) + "-" + hour(minute + 120) + "'"));
  result("set", rpc::subscribeRequest({"Speech", "volume", "w"}));
  now += 4h;
  const auto error = refusal("set", call("Speech", "echo", "[\"x\"]"));
  EXPECT_EQ(error.code, "not-now");
  EXPECT_EQ(calls, 0);
  EXPECT_THAT(services(), ElementsAre("ServiceDirectory", "Speech"));  // visible at any time
  ASSERT_TRUE(bus.runUntil([&] { return !messages().empty(); }));
  EXPECT_EQ(messages()[0]->attribute("state"), "ended");
  EXPECT_EQ(messages()[0]->attribute("code"), "not-now");
}

TEST_F(IqDoorPolicyTest, givesACallNoMoreTimeThanTheRule) {
  openWith(rule("may = '*'\non = '*'\ndeadline = '30 ms'"));
  EXPECT_EQ(refusal("set", call("Speech", "later").set("time", "60000")).code, "timed-out");
}

TEST_F(IqDoorPolicyTest, doesNotAnswerWhomNoRuleIsForAtThisDoor) {
  openWith(rule("may = '*'\non = '*'\ndoor = 'lan'"));
  EXPECT_EQ(StanzaError::read(ask(owner, "get", rpc::servicesRequest())).element(), xmpp::serviceUnavailable.element());
  EXPECT_EQ(StanzaError::read(ask(owner, "set", call("Speech", "say", "[\"x\"]"))).element(),
            xmpp::serviceUnavailable.element());
  EXPECT_TRUE(said.empty());
}

TEST_F(IqDoorPolicyTest, appliesAChangeToWhoIsThere) {
  openWith(rule("may = '*'\non = '*'"));
  EXPECT_THAT(services(), ElementsAre("ServiceDirectory", "Speech"));
  EXPECT_EQ(result("set", call("Speech", "echo", "[\"x\"]")).text, "\"x\"");
  change(rule("may = '*'\non = 'Speech'\nexcept = 'Speech.echo'"));
  EXPECT_THAT(services(), ElementsAre("Speech"));
  EXPECT_EQ(refusal("set", call("Speech", "echo", "[\"x\"]")).code, "unknown-member");
  EXPECT_EQ(rpc::readInfo(result("get", rpc::infoRequest("Speech")))->methods.size(), 3u);
  change("");
  EXPECT_EQ(StanzaError::read(ask(owner, "get", rpc::servicesRequest())).element(), xmpp::serviceUnavailable.element());
}

TEST_F(IqDoorPolicyTest, endsJustTheWatchesThatAChangeDoesNotGrantAndSaysWhy) {
  localbus::ObjectBuilder builder;
  const auto news = builder.signal<std::string>("news");
  const auto press = builder.build();
  bus.await(provider->registerService("Press", press)).value();
  openWith(rule("may = '*'\non = '*'"));
  result("set", rpc::subscribeRequest({"Speech", "volume", "gone"}));
  result("set", rpc::subscribeRequest({"Press", "news", "kept"}));
  change(rule("may = '*'\non = '*'\nexcept = 'Speech.volume'"));
  ASSERT_EQ(messages().size(), 1u);  // at once
  const auto ended = rpc::readEvent(*messages()[0]).value();
  EXPECT_EQ(ended.id, "gone");
  EXPECT_EQ(ended.kind, rpc::Event::Kind::ended);
  EXPECT_EQ(run::codeText(ended.why.code), "refused");
  EXPECT_THAT(ended.why.cause, HasSubstr("does not let you watch Speech.volume"));
  EXPECT_FALSE(ended.why.nextStep.empty());
  volume->set(0.25f);
  news(std::string("x"));
  ASSERT_TRUE(bus.runUntil([&] { return messages().size() == 2; }));
  EXPECT_EQ(messages()[1]->attribute("id"), "kept");
  const auto signal = speech->metaObject().findSignal("volume")->uid;
  EXPECT_TRUE(bus.runUntil([&] { return speech->subscriberCount(signal) == 0; }));
  EXPECT_EQ(refusal("set", rpc::subscribeRequest({"Speech", "volume", "gone"})).code, "unknown-member");
}

TEST_F(IqDoorPolicyTest, endsTheWatchesOfAMemberForEverybodyAndNoOthers) {
  constexpr int accounts = 50;
  localbus::ObjectBuilder builder;
  const auto news = builder.signal<std::string>("news");
  const auto press = builder.build();
  bus.await(provider->registerService("Press", press)).value();
  const auto rules = [](const std::string& more) {
    return "[[rule]]\nname = 'r'\nwho = '*@x'\nmay = '*'\non = '*'\n" + more;
  };
  openWith(rules({}));
  const auto from = [](int i) { return "u" + std::to_string(i) + "@x/r"; };
  for (int i = 0; i < accounts; ++i) {
    EXPECT_EQ(result("set", rpc::subscribeRequest({"Speech", "volume", "gone"}), from(i)).name, "subscribe");
    EXPECT_EQ(result("set", rpc::subscribeRequest({"Press", "news", "kept"}), from(i)).name, "subscribe");
  }
  change(rules("except = 'Speech.volume'\n"));
  EXPECT_EQ(messages().size(), accounts * 1u);
  for (const auto* message : messages()) EXPECT_EQ(message->attribute("id"), "gone");
  volume->set(0.25f);
  news(std::string("x"));
  ASSERT_TRUE(bus.runUntil([&] { return messages().size() == accounts * 2u; }));
  for (std::size_t i = accounts; i < messages().size(); ++i) {
    EXPECT_EQ(messages()[i]->attribute("id"), "kept");
    EXPECT_EQ(messages()[i]->attribute("state"), "");
  }
}

TEST_F(IqDoorPolicyTest, letsNoWatchBeginThatAChangeForbadeMeanwhile) {
  openWith(rule("may = '*'\non = '*'"));
  const auto id = request(owner, "set", {rpc::subscribeRequest({"Speech", "volume", "w"})});
  ASSERT_FALSE(answerTo(id));  // the bus is being asked
  change(rule("may = '*'\non = 'Speech.echo'"));
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(id) != nullptr; }));
  EXPECT_EQ(answerTo(id)->attribute("type"), "error");
  const auto signal = speech->metaObject().findSignal("volume")->uid;
  EXPECT_TRUE(bus.runUntil([&] { return speech->subscriberCount(signal) == 0; }));
}

}  // namespace
}  // namespace beckon::gateway
