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

}  // namespace
}  // namespace beckon::xmpp::rpc
