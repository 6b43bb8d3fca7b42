#include "gateway/doors/iq_door.hpp"

#include "tests/gateway/iq_door_fixture.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(IqDoorTest, listsServicesButNotHiddenOnes) {
  bus.await(provider->registerService("_Internal", speech)).value();
  open({"owner@x"});
  EXPECT_THAT(rpc::readServices(result("get", rpc::servicesRequest())).value(),
              ElementsAre("ServiceDirectory", "Speech"));
}

TEST_F(IqDoorTest, describesAService) {
  open({"owner@x"});
  const auto info = result("get", rpc::infoRequest("Speech"));
  EXPECT_EQ(info.attribute("service"), "Speech");
  const auto meta = rpc::readInfo(info).value();
  EXPECT_EQ(meta.methods.size(), 4u);
  EXPECT_EQ(meta.methods.begin()->second.name, "say");
  EXPECT_EQ(meta.methods.begin()->second.description, "says it");
  EXPECT_EQ(meta.properties.size(), 1u);
}

TEST_F(IqDoorTest, callsAMethodAndGivesItsTypedResult) {
  open({"owner@x"});
  const auto echoed = result("set", call("Speech", "echo", "[\"hi\"]"));
  EXPECT_EQ(echoed.attribute("signature"), "s");
  EXPECT_EQ(echoed.text, "\"hi\"");
  const auto nothing = result("set", call("Speech", "say::(s)", "[\"hello\"]"));
  EXPECT_EQ(nothing.attribute("signature"), "v");
  EXPECT_EQ(nothing.text, "null");
  EXPECT_THAT(said, ElementsAre("hello"));
}

TEST_F(IqDoorTest, readsAProperty) {
  open({"owner@x"});
  volume->set(0.25f);
  const auto value = result("get", rpc::propertyRequest({"Speech", "volume"}));
  EXPECT_EQ(value.attribute("signature"), "f");
  EXPECT_EQ(value.text, "0.25");
}

TEST_F(IqDoorTest, carriesArgumentsWithXmlMetacharacters) {
  open({"owner@x"});
  const std::string nasty = "</call><x a='1'>&amp;]]><!-- \"\\ \xC3\xA9 \n\t\r";
  const auto echoed =
      rpc::readValue(result("set", call("Speech", "echo", qi::toJsonText(qi::Tuple{{qi::toValue(nasty)}, {}}))));
  ASSERT_TRUE(echoed) << echoed.error().cause;
  EXPECT_EQ(qi::fromValue<std::string>(*echoed).value(), nasty);
}

TEST_F(IqDoorTest, saysWhatIsWrongWithARequestInCodeCauseAndCondition) {
  open({"owner@x"});
  struct Case {
    const char* type;
    Element request;
    const char *condition, *code, *cause;
  };
  const std::vector<Case> cases{
      {"get", payload("info"), "bad-request", "protocol-error", "<info/> has no attribute \"service\""},
      {"set", payload("call"), "bad-request", "protocol-error", "<call/> has no attribute \"service\""},
      {"set", payload("call").set("service", "Speech"), "bad-request", "protocol-error", "\"method\""},
      {"get", payload("property").set("service", "Speech"), "bad-request", "protocol-error", "\"name\""},
      {"set", call("Speech", "say", "[\"x\"").set("time", "0"), "bad-request", "bad-arguments", "\"0\""},
      {"set", call("Speech", "say", "[\"x\""), "bad-request", "malformed-json", "column"},
      {"set", call("Speech", "say", "{\"text\": \"x\"}"), "bad-request", "bad-arguments", "not a JSON array"},
      {"set", call("Speech", "say"), "bad-request", "bad-arguments", "too few arguments"},
      {"set", call("Speech", "say", "[1, 2]"), "bad-request", "bad-arguments", "too many arguments"},
      {"set", call("Speech", "say", "[[]]"), "bad-request", "bad-arguments", ""},
      {"set", call("Speach", "say", "[\"x\"]"), "item-not-found", "unknown-service", "\"Speach\""},
      {"get", payload("info").set("service", "<&'\">"), "item-not-found", "unknown-service", "<&'\">"},
      {"set", call("Speech", "sing", "[]"), "item-not-found", "unknown-member", "\"sing\""},
      {"get", rpc::propertyRequest({"Speech", "say"}), "item-not-found", "unknown-member", "\"say\""},
      {"set", call("Speech", "fail"), "undefined-condition", "call-failed", "it <broke> & \"ended\""},
  };
  for (const auto& [type, request, condition, code, cause] : cases) {
    const auto error = refusal(type, request);
    EXPECT_EQ(error.condition, condition) << request.toXml();
    EXPECT_EQ(error.code, code) << request.toXml();
    EXPECT_THAT(error.text, HasSubstr(cause)) << request.toXml();
    EXPECT_FALSE(error.nextStep.empty()) << request.toXml();
  }
  EXPECT_TRUE(said.empty());
}

TEST_F(IqDoorTest, offersNothingThatListingsHide) {
  open({"owner@x"});
  for (const char* hidden : {"_hidden", "terminate", "registerEvent", "metaObject"})
    EXPECT_EQ(refusal("set", call("Speech", hidden, "[]")).code, "unknown-member") << hidden;
  EXPECT_EQ(calls, 0);
  bus.await(provider->registerService("_Internal", speech)).value();
  EXPECT_EQ(refusal("set", call("_Internal", "say", "[\"x\"]")).code, "unknown-service");
  EXPECT_EQ(refusal("get", rpc::infoRequest("_Internal")).code, "unknown-service");
  EXPECT_TRUE(said.empty());
}

TEST_F(IqDoorTest, letsNobodyOutsideChangeRegistrations) {
  open({"owner@x"});
  for (const char* member : {"registerService", "unregisterService", "serviceReady", "updateServiceInfo"})
    EXPECT_EQ(refusal("set", call("ServiceDirectory", member, "[2]")).code, "unknown-member") << member;
  EXPECT_TRUE(bus.await(provider->services()).value().size() > 1);
}

TEST_F(IqDoorTest, leavesRequestsOfTheWrongTypeToNobody) {
  open({"owner@x"});
  const auto unhandled = refusal("get", Element("unknown", "urn:unknown")).element();
  EXPECT_EQ(refusal("get", call("Speech", "say", "[\"x\"]")).element(), unhandled);  // a call changes: it is a set
  EXPECT_EQ(refusal("set", rpc::servicesRequest()).element(), unhandled);
  EXPECT_TRUE(said.empty());
}

TEST_F(IqDoorTest, tellsWhoIsNotListedNothingAndBringsNothingToTheBus) {
  open({"owner@x"});
  const std::vector<std::pair<const char*, Element>> requests{
      {"get", rpc::servicesRequest()},
      {"get", rpc::infoRequest("Speech")},
      {"get", rpc::infoRequest("Speach")},
      {"set", call("Speech", "say", "[\"x\"]")},
      {"set", call("Speech", "_hidden")},
      {"get", rpc::propertyRequest({"Speech", "volume"})},
      // Malformed ones, in every way that the owner is told about.
      {"get", payload("info")},
      {"set", payload("call")},
      {"get", payload("property")},
      {"set", call("Speech", "say", "[\"x\"").set("time", "soon")},
      {"set", call("Speech", "say", "no JSON")},
      {"set", call("Speech", "sing")},
  };
  for (const std::string stranger :
       {"stranger@x/phone", "owner@y/phone", "owner@x.y/phone", "x/owner@x", "own@x/owner@x", "robot@x/beckond", "x"}) {
    const auto unhandled = ask(stranger, "get", Element("unknown", "urn:unknown"));
    for (const auto& [type, body] : requests) {
      const auto id = request(stranger, type, {body});
      // Answered before anything else can happen: nobody on the bus was asked.
      const auto* answer = answerTo(id);
      ASSERT_TRUE(answer) << stranger << " " << body.toXml();
      auto expected = unhandled;
      EXPECT_EQ(*answer, expected.set("id", id)) << stranger << " " << body.toXml();
    }
  }
  // What is answered to the owner has to be asked on the bus. By then all that was asked before has been heard there.
  const auto id = request(owner, "set", {call("Speech", "say", "[\"x\"]")});
  EXPECT_FALSE(answerTo(id));
  EXPECT_TRUE(bus.runUntil([&] { return answerTo(id) != nullptr; }));
  EXPECT_EQ(said.size(), 1u);
  EXPECT_EQ(calls, 0);
}

TEST_F(IqDoorTest, knowsAPrincipalByItsAccountWhateverTheResourceAndCase) {
  open({"owner@x"});
  for (const std::string from : {"owner@x", "owner@x/a/b@c", "Owner@X/phone"})
    EXPECT_FALSE(rpc::readServices(result("get", rpc::servicesRequest(), from)).value().empty()) << from;
}

TEST_F(IqDoorTest, listsForAStrangerARemovedAndAListedPrincipalExactlyWhatItCanUse) {
  std::mt19937 random(20261122);
  const auto oneIn = [&](unsigned n) { return random() % n == 0; };
  // In each round those who were listed before and are not any more are removed ones; p3 never is listed.
  for (int round = 0; round < 8; ++round) {
    std::set<std::string> existing;  // "S7.m1", "S7.p0"; services without members are in `services` only
    std::set<std::string> services{"S100", "Speach"};  // these two are not there
    std::vector<std::uint32_t> ids;
    for (unsigned i = 0, count = random() % 6; i < count; ++i) {
      const std::string name = "S" + std::to_string(random() % 100);
      if (!services.insert(name).second) continue;
      localbus::ObjectBuilder builder;
      for (const auto* method : {"m0", "m1", "m2"})
        if (oneIn(2) && existing.insert(name + "." + method).second) builder.method(method, [] {});
      for (const auto* property : {"p0", "p1"})
        if (oneIn(2) && existing.insert(name + "." + property).second) builder.property<int>(property, 0);
      ids.push_back(bus.await(provider->registerService(name, builder.build())).value());
    }
    std::vector<std::string> listed;
    for (const auto* principal : {"p0@x", "p1@x", "p2@x"})
      if (oneIn(2)) listed.push_back(principal);
    open(listed);
    for (const std::string principal : {"p0@x", "p1@x", "p2@x", "p3@x"}) {
      const auto from = principal + "/r";
      std::set<std::string> shown, usable;
      for (const auto& service : rpc::readServices(result("get", rpc::servicesRequest(), from)).value()) {
        if (!services.contains(service)) continue;
        const auto info = rpc::readInfo(result("get", rpc::infoRequest(service), from)).value();
        for (const auto& [uid, method] : info.methods) shown.insert(service + "." + method.name);
        for (const auto& [uid, property] : info.properties) shown.insert(service + "." + property.name);
      }
      for (const auto& service : services)
        for (const std::string member : {"m0", "m1", "m2", "m3", "p0", "p1", "p2"}) {
          const auto place = service + "." + member;
          const bool isMethod = member.starts_with('m');
          const bool canUse = isMethod ? !result("set", call(service, member), from).name.empty()
                                       : !result("get", rpc::propertyRequest({service, member}), from).name.empty();
          if (canUse) usable.insert(place);
          // The other verbs agree.
          if (isMethod) {
            EXPECT_EQ(!result("set", rpc::postRequest({service, member, "[]"}), from).name.empty(), canUse) << place;
          } else {
            EXPECT_EQ(!result("set", rpc::setRequest({service, member}, "1"), from).name.empty(), canUse) << place;
            EXPECT_EQ(!result("set", rpc::subscribeRequest({service, member, place}), from).name.empty(), canUse)
                << place;
          }
        }
      EXPECT_EQ(shown, usable) << "round " << round << ", " << principal;
      EXPECT_EQ(shown, std::ranges::count(listed, principal) ? existing : std::set<std::string>())
          << "round " << round << ", " << principal;
    }
    for (const auto id : ids) ASSERT_TRUE(bus.await(provider->unregisterService(id)));
  }
}

TEST_F(IqDoorTest, saysThatAServiceWentInTheMiddleOfACall) {
  open({"owner@x"});
  const auto id = request(owner, "set", {call("Speech", "later")});
  ASSERT_TRUE(bus.runUntil([&] { return waiting.size() == 1; }));
  EXPECT_FALSE(answerTo(id));
  provider->close();
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(id) != nullptr; }));
  const auto error = StanzaError::read(*answerTo(id));
  EXPECT_EQ(error.type, "wait");
  EXPECT_EQ(error.condition, "recipient-unavailable");
  EXPECT_EQ(error.code, "service-gone");
  EXPECT_THAT(error.text, HasSubstr("Speech ended before it answered"));
  // And the door is open still.
  EXPECT_EQ(refusal("set", call("Speech", "later")).code, "unknown-service");
}

TEST_F(IqDoorTest, givesACallTheTimeThatItAsksForAndAnswersOthersMeanwhile) {
  open({"owner@x"});
  const auto slow = request(owner, "set", {call("Speech", "later").set("time", "60000")});
  const auto late = request(owner, "set", {call("Speech", "later").set("time", "30")});
  EXPECT_EQ(result("set", call("Speech", "echo", "[\"x\"]")).text, "\"x\"");
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(late) != nullptr; }));
  EXPECT_EQ(StanzaError::read(*answerTo(late)).code, "timed-out");
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_FALSE(answerTo(slow));
  waiting.front()(7);
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(slow) != nullptr; }));
  EXPECT_EQ(answerTo(slow)->child("call", rpc::ns)->text, "7");
}

TEST_F(IqDoorTest, outlivesItsBusAndDropsAnswersForAClientThatIsGone) {
  open({"owner@x"});
  request(owner, "set", {call("Speech", "later")});
  ASSERT_TRUE(bus.runUntil([&] { return waiting.size() == 1; }));
  const auto sent = server->sent.size();
  client.reset();
  door.reset();
  waiting.front()(7);
  bus.io.restart();
  bus.io.run_for(20ms);
  EXPECT_EQ(server->sent.size(), sent + 1);  // unavailable presence

  open({"owner@x"});
  bus.close();
  ASSERT_TRUE(bus.runUntil([&] { return !inside->isOpen(); }));
  const auto error = refusal("get", rpc::servicesRequest());
  EXPECT_FALSE(error.code.empty());
}

}  // namespace
}  // namespace beckon::gateway
