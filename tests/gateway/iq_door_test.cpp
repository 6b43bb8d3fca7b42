#include "gateway/doors/iq_door.hpp"

#include "core/qi/json.hpp"
#include "localbus/object_builder.hpp"
#include "tests/sim/bus.hpp"
#include "tests/support/memory_stream.hpp"
#include "xmpp/rpc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using xmpp::Element;
using xmpp::StanzaError;
namespace rpc = xmpp::rpc;

xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

Element payload(std::string_view name, const std::string& text = {}) {
  return Element(std::string(name), std::string(rpc::ns), text);
}
Element call(const std::string& service, const std::string& method, const std::string& arguments = {}) {
  return payload("call", arguments).set("service", service).set("method", method);
}

// A robot's account on a server in memory, its door, and a bus with one small service behind it.
class IqDoorTest : public testing::Test {
 protected:
  IqDoorTest() {
    localbus::ObjectBuilder builder;
    builder.method(
        "say", [this](const std::string& text) { said.push_back(text); }, "says it");
    builder.method("echo", [this](const std::string& text) { return ++calls, text; });
    builder.method("_hidden", [this] { ++calls; });
    builder.method("fail", [this]() -> run::Result<int> {
      ++calls;
      return run::Error{run::Code::callFailed, "it <broke> & \"ended\"", {}};
    });
    builder.method("later", [this](localbus::Reply<int> reply) { waiting.push_back(std::move(reply)); });
    volume.emplace(builder.property<float>("volume", 0.5f));
    speech = builder.build();
    bus.await(provider->registerService("Speech", speech)).value();
  }
  ~IqDoorTest() override {
    client.reset();
    inside->close();
    provider->close();
  }

  // The door for these principals; a door that was open closes.
  void open(const std::set<std::string, std::less<>>& principals) {
    server = std::make_shared<test::MemoryServer>();
    server->executor = bus.io.get_executor();
    door.emplace(bus.io, inside, policy::Policy{principals}, run::silentLog());
    xmpp::Client::Config config;
    for (const auto& principal : principals) config.contacts.insert(jid(principal));
    client.emplace(
        bus.io.get_executor(), [this] { return std::make_unique<test::MemoryStream>(server); }, config,
        run::silentLog());
    door->open(*client);
    client->start({});
    server->online(jid("robot@x/beckond"));
    server->give(Element("iq", std::string(xmpp::ns::client))
                     .set("type", "result")
                     .set("id", server->sent.front().attribute("id")));
    EXPECT_TRUE(client->online());
    bus.io.restart();
    bus.io.poll();
  }

  // Gives the request to the client; the id that its answer will have.
  std::string request(const std::string& from, std::string_view type, const std::vector<Element>& payloads) {
    Element stanza("iq", std::string(xmpp::ns::client));
    stanza.set("type", type).set("id", std::to_string(++lastId)).set("from", from);
    stanza.children = payloads;
    server->give(std::move(stanza));
    return std::to_string(lastId);
  }
  const Element* answerTo(const std::string& id) const {
    for (const auto& stanza : server->sent)
      if (stanza.attribute("id") == id && stanza.name == "iq") return &stanza;
    return nullptr;
  }
  Element ask(const std::string& from, std::string_view type, const Element& body) {
    const auto id = request(from, type, {body});
    if (!bus.runUntil([&] { return answerTo(id) != nullptr; }))
      throw std::runtime_error("no answer to " + body.toXml());
    EXPECT_EQ(answerTo(id)->attribute("to"), from);
    return *answerTo(id);
  }
  // The payload of a result; empty where the answer is another.
  Element result(std::string_view type, const Element& body, const std::string& from = owner) {
    const auto answer = ask(from, type, body);
    const auto* out = answer.child(body.name, rpc::ns);
    return answer.attribute("type") == "result" && out ? *out : Element();
  }
  StanzaError refusal(std::string_view type, const Element& body) {
    const auto answer = ask(owner, type, body);
    EXPECT_EQ(answer.attribute("type"), "error") << answer.toXml();
    return StanzaError::read(answer);
  }

  static inline const std::string owner = "owner@x/phone";

  test::Bus bus;
  std::shared_ptr<directory::Session> provider = bus.session(), inside = bus.session();
  std::vector<std::string> said;
  int calls = 0;
  std::vector<localbus::Reply<int>> waiting;  // calls of later()
  std::optional<localbus::PropertyHandle<float>> volume;
  std::shared_ptr<localbus::Object> speech;
  std::shared_ptr<test::MemoryServer> server;
  std::optional<IqDoor> door;
  std::optional<xmpp::Client> client;
  int lastId = 1000;
};

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
      bus.io.restart();
      bus.io.poll();
      const auto id = request(stranger, type, {body});
      // Answered at once, and nothing was started that could reach the bus.
      const auto* answer = answerTo(id);
      ASSERT_TRUE(answer) << stranger << " " << body.toXml();
      bus.io.restart();
      EXPECT_EQ(bus.io.poll(), 0u) << stranger << " " << body.toXml();
      auto expected = unhandled;
      EXPECT_EQ(*answer, expected.set("id", id)) << stranger << " " << body.toXml();
    }
  }
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(calls, 0);
  // The same for the owner is heard on the bus: what is looked at above can be seen at all.
  request(owner, "set", {call("Speech", "say", "[\"x\"]")});
  bus.io.restart();
  EXPECT_GT(bus.io.poll(), 0u);
  EXPECT_TRUE(bus.runUntil([&] { return said.size() == 1; }));
}

TEST_F(IqDoorTest, knowsAPrincipalByItsAccountWhateverTheResourceAndCase) {
  open({"owner@x"});
  for (const std::string from : {"owner@x", "owner@x/a/b@c", "Owner@X/phone"})
    EXPECT_FALSE(rpc::readServices(result("get", rpc::servicesRequest(), from)).value().empty()) << from;
}

TEST_F(IqDoorTest, listsForEachPrincipalExactlyWhatItCanCall) {
  std::mt19937 random(20261122);
  const auto oneIn = [&](unsigned n) { return random() % n == 0; };
  for (int round = 0; round < 8; ++round) {
    std::map<std::string, std::set<std::string>> existing;  // services and their methods
    std::vector<std::uint32_t> ids;
    for (unsigned i = 0, count = random() % 6; i < count; ++i) {
      const std::string name = "S" + std::to_string(random() % 100);
      if (existing.contains(name)) continue;
      localbus::ObjectBuilder builder;
      auto& methods = existing[name];
      for (int m = 0; m < 4; ++m)
        if (oneIn(2) && methods.insert("m" + std::to_string(m)).second) builder.method("m" + std::to_string(m), [] {});
      ids.push_back(bus.await(provider->registerService(name, builder.build())).value());
    }
    std::set<std::string, std::less<>> listed;
    std::vector<std::string> principals;
    for (int p = 0; p < 4; ++p) {
      principals.push_back("p" + std::to_string(p) + "@x");
      if (oneIn(2)) listed.insert(principals.back());
    }
    open(listed);
    // Names that exist, and some that do not.
    auto asked = existing;
    asked["S100"] = {};
    asked["Speach"] = {};
    for (const auto& principal : principals) {
      const auto from = principal + "/r";
      std::set<std::string> shown, callable;
      for (const auto& service : rpc::readServices(result("get", rpc::servicesRequest(), from)).value()) {
        const auto info = rpc::readInfo(result("get", rpc::infoRequest(service), from)).value();
        if (asked.contains(service))
          for (const auto& [uid, method] : info.methods) shown.insert(service + "." + method.name);
      }
      for (const auto& [service, methods] : asked)
        for (const std::string method : {"m0", "m1", "m2", "m3", "m4"})
          if (result("set", call(service, method), from).name == "call") callable.insert(service + "." + method);
      EXPECT_EQ(shown, callable) << "round " << round << ", " << principal;
      std::set<std::string> expected;
      if (listed.contains(principal))
        for (const auto& [service, methods] : existing)
          for (const auto& method : methods) expected.insert(service + "." + method);
      EXPECT_EQ(shown, expected) << "round " << round << ", " << principal;
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
