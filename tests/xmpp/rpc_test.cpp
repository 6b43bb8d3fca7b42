#include "xmpp/rpc.hpp"

#include "core/qi/convert.hpp"
#include "core/qi/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp::rpc {
namespace {

using namespace std::chrono_literals;
using run::Code;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string nasty = "a<b> & \"c\" 'd' ]]> \xC3\xA9\n\t";

qi::MetaObject sample() {
  qi::MetaObject out;
  out.methods[100] = {100, "v", "say", "(s)", nasty, {}, {}};
  out.methods[101] = {101, "i", "say", "(ss)", "", {}, {}};
  out.methods[102] = {102, "v", "_secret", "()", "", {}, {}};
  out.methods[2] = {2, "(s)", "metaObject", "(I)", "", {}, {}};
  out.signals[103] = {103, "done", "(is)"};
  out.signals[86] = {86, "traceObject", "(i)"};
  out.properties[104] = {104, "volume", "f"};
  out.properties[105] = {105, "_hidden", "f"};
  return out;
}

TEST(Rpc, listsServicesAndReadsTheList) {
  EXPECT_EQ(servicesRequest(), Element("services", std::string(ns)));
  EXPECT_THAT(readServices(servicesResult({"One", nasty})).value(), ElementsAre("One", nasty));
  EXPECT_TRUE(readServices(servicesResult({}))->empty());
}

TEST(Rpc, describesAServiceWithoutWhatListingsHide) {
  const auto meta = readInfo(infoResult("ALTextToSpeech", sample())).value();
  ASSERT_EQ(meta.methods.size(), 2u);
  EXPECT_EQ(meta.methods.at(100).name, "say");
  EXPECT_EQ(meta.methods.at(100).parametersSignature, "(s)");
  EXPECT_EQ(meta.methods.at(100).returnSignature, "v");
  EXPECT_EQ(meta.methods.at(100).description, nasty);
  EXPECT_EQ(meta.methods.at(101).returnSignature, "i");
  ASSERT_EQ(meta.signals.size(), 1u);
  EXPECT_EQ(meta.signals.at(103).signature, "(is)");
  ASSERT_EQ(meta.properties.size(), 1u);
  EXPECT_EQ(meta.properties.at(104).name, "volume");
}

TEST(Rpc, ignoresInAResultWhatItDoesNotKnow) {
  auto list = servicesResult({"One"});
  list.add(Element("group", std::string(ns)).set("name", "x")).add(Element("service", "urn:other").set("name", "x"));
  EXPECT_THAT(readServices(list).value(), ElementsAre("One"));
  auto description = infoResult("One", sample());
  description.add(Element("note", std::string(ns))).add(Element("method", "urn:other"));
  EXPECT_EQ(readInfo(description)->methods.size(), 2u);
}

TEST(Rpc, refusesAMemberWithoutAReadableUid) {
  for (const char* uid : {"", "x", "-1", "1x", "4294967296"}) {
    const auto read = readInfo(Element("info", std::string(ns)).add(Element("signal").set("uid", uid)));
    ASSERT_FALSE(read) << uid;
    EXPECT_EQ(read.error().code, Code::protocolError);
  }
}

TEST(Rpc, readsTheCallThatItWrites) {
  const auto request = readCall(callRequest({"S", "say::(s)", "[\"<&>\"]", 1500ms})).value();
  EXPECT_EQ(request.service, "S");
  EXPECT_EQ(request.method, "say::(s)");
  EXPECT_EQ(request.arguments, "[\"<&>\"]");
  EXPECT_EQ(request.time, 1500ms);
  const auto wanted = readProperty(propertyRequest({"S", "volume"})).value();
  EXPECT_EQ(wanted.service, "S");
  EXPECT_EQ(wanted.name, "volume");
  EXPECT_EQ(readService(infoRequest("S")).value(), "S");
}

TEST(Rpc, letsACallBeShortAndItsTimeBeBounded) {
  const auto callFor = [](std::string_view time) {
    auto request = Element("call", std::string(ns)).set("service", "S").set("method", "m");
    if (!time.empty()) request.set("time", time);
    return readCall(request);
  };
  EXPECT_EQ(callFor("")->arguments, "[]");
  EXPECT_EQ(callFor("")->time, usualTime);
  EXPECT_EQ(callFor("1")->time, 1ms);
  EXPECT_EQ(callFor("60001")->time, longestTime);
  EXPECT_EQ(callFor("9223372036854775807")->time, longestTime);
  for (const char* wrong : {"0", "-5", "1.5", "10s", " 10", "ten", "9223372036854775808"}) {
    const auto refused = callFor(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::badArguments);
    EXPECT_THAT(refused.error().cause, HasSubstr("\"" + std::string(wrong) + "\""));
    EXPECT_FALSE(refused.error().nextStep.empty());
  }
}

TEST(Rpc, saysWhichAttributeARequestLacks) {
  const auto cause = [](const auto& result) {
    EXPECT_EQ(result.error().code, Code::protocolError);
    return result.error().cause;
  };
  const auto empty = [](std::string_view name) { return Element(std::string(name), std::string(ns)); };
  EXPECT_EQ(cause(readService(empty("info"))), "<info/> has no attribute \"service\"");
  EXPECT_EQ(cause(readCall(empty("call"))), "<call/> has no attribute \"service\"");
  EXPECT_EQ(cause(readCall(empty("call").set("service", "S"))), "<call/> has no attribute \"method\"");
  EXPECT_EQ(cause(readProperty(empty("property").set("name", "n"))), "<property/> has no attribute \"service\"");
  EXPECT_EQ(cause(readProperty(empty("property").set("service", "S"))), "<property/> has no attribute \"name\"");
}

TEST(Rpc, carriesValuesExactly) {
  const std::vector<qi::Value> values{qi::toValue(std::int64_t{9007199254740993}),
                                      qi::toValue(nasty),
                                      qi::toValue(std::string("\0\x01\xFF", 3)),
                                      qi::toValue(std::vector<float>{0.5f, -0.f}),
                                      qi::dynamic(std::string("x")),
                                      qi::Value(qi::Void{})};
  for (const auto& value : values) {
    const auto result = valueResult(call, value);
    EXPECT_EQ(result.name, "call");
    const auto back = readValue(result);
    ASSERT_TRUE(back) << result.toXml() << back.error().cause;
    EXPECT_EQ(back->signature(), value.signature());
    EXPECT_EQ(qi::toJsonText(*back), qi::toJsonText(value));
  }
}

TEST(Rpc, saysThatAnAnswerIsNotReadable) {
  const auto result = [](const char* signature, const char* text) {
    Element out("call", std::string(ns), text);
    if (*signature) out.set("signature", signature);
    return readValue(out);
  };
  ASSERT_TRUE(result("i", "5"));
  for (const auto& answer :
       {result("", "5"), result("(", "5"), result("i", "5]"), result("i", "\"5\""), result("i", "")}) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::protocolError) << answer.error().cause;
    EXPECT_THAT(answer.error().cause, HasSubstr("the robot's answer is not readable"));
  }
}

TEST(Rpc, readsTheTimeOfARobotThatItWrites) {
  const Moment now{"f3a9", 123456ms};
  EXPECT_EQ(now.text(), "f3a9-123456");
  EXPECT_EQ(readClock(clockResult(now)).value(), now);
  for (const char* wrong : {"", "-", "f3a9", "f3a9-", "-5", "f3a9--5", "f3a9-5x", "f3a9-99999999999999999999"}) {
    const auto refused = Moment::parse(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::badArguments);
    EXPECT_FALSE(refused.error().nextStep.empty());
  }
}

TEST(Rpc, readsWhatMakesARequestHarmless) {
  const Once once{"c.1", Moment{"f3a9", 7ms}, {"c.0", "d.5"}};
  Element request = callRequest({"S", "m", "[]"});
  once.write(request);
  const auto back = Once::read(request).value();
  EXPECT_EQ(back.id, "c.1");
  EXPECT_EQ(back.expires, once.expires);
  EXPECT_EQ(back.answered, once.answered);
  const auto nothing = Once::read(callRequest({"S", "m", "[]"})).value();
  EXPECT_EQ(nothing.id, "");
  EXPECT_FALSE(nothing.expires);
  EXPECT_TRUE(nothing.answered.empty());
  EXPECT_THAT(Once::read(Element("call").set("answered", "  a   b ")).value().answered, ElementsAre("a", "b"));
  EXPECT_EQ(Once::read(Element("call").set("id", "")).error().code, Code::protocolError);
  EXPECT_EQ(Once::read(Element("call").set("id", std::string(65, 'x'))).error().code, Code::badArguments);
  EXPECT_EQ(Once::read(Element("call").set("expires", "soon")).error().code, Code::badArguments);
}

TEST(Rpc, readsThePropertyAndThePostThatItWrites) {
  const auto request = setRequest({"S", "volume"}, "0.5");
  EXPECT_EQ(readProperty(request)->name, "volume");
  EXPECT_EQ(request.text, "0.5");
  const auto posted = postRequest({"S", "say", "[\"x\"]"});
  EXPECT_EQ(posted.name, "post");
  EXPECT_EQ(readCall(posted)->arguments, "[\"x\"]");
}

TEST(Rpc, readsTheSubscriptionThatItWrites) {
  const auto wanted = readSubscribe(subscribeRequest({"S", "m", "w1"})).value();
  EXPECT_EQ(wanted.service + wanted.member + wanted.id, "Smw1");
  for (const bool isNew : {false, true})
    for (const bool isGone : {false, true}) {
      const auto told = readSubscribed(subscribeResult("w1", {7, isNew, isGone})).value();
      EXPECT_EQ(told.seq, 7u);
      EXPECT_EQ(told.isNew, isNew);
      EXPECT_EQ(told.isGone, isGone);
    }
  EXPECT_EQ(readUnsubscribe(unsubscribeRequest("w1")).value(), "w1");
  EXPECT_FALSE(readSubscribed(Element("subscribe").set("seq", "-1")));
  EXPECT_FALSE(readSubscribe(Element("subscribe").set("service", "S").set("member", "m")));
}

TEST(Rpc, readsTheEventThatItWrites) {
  const auto value = qi::Value(qi::Tuple{{qi::toValue(5), qi::toValue(nasty)}, {}});
  const auto message = eventMessage("owner@x/phone", {"w1", 3, Event::Kind::value, value});
  EXPECT_EQ(message.attribute("to"), "owner@x/phone");
  EXPECT_EQ(message.attribute("type"), "headline");
  const auto event = readEvent(*message.child("event", ns)).value();
  EXPECT_EQ(event.id, "w1");
  EXPECT_EQ(event.seq, 3u);
  EXPECT_EQ(qi::toJsonText(event.arguments), qi::toJsonText(value));
  for (const auto kind : {Event::Kind::gone, Event::Kind::back})
    EXPECT_EQ(readEvent(*eventMessage("x@y", {"w1", 4, kind, {}}).child("event", ns))->kind, kind);
  const auto with = [](const char* id, const char* seq, const char* state) {
    return readEvent(Element("event").set("id", id).set("seq", seq).set("state", state));
  };
  EXPECT_TRUE(with("w1", "1", "gone"));
  EXPECT_FALSE(with("", "1", "gone"));
  EXPECT_FALSE(with("w1", "x", "gone"));
  EXPECT_FALSE(with("w1", "1", "resting"));
  EXPECT_FALSE(readEvent(Element("event").set("id", "w1").set("seq", "1")));  // neither value nor state
}

}  // namespace
}  // namespace beckon::xmpp::rpc
