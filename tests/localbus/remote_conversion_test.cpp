#include "core/qi/type_names.hpp"
#include "tests/localbus/sample.hpp"

#include <gtest/gtest.h>

// What a client's types are made of where they are not the service's.
namespace beckon::localbus {
namespace {

using run::Code;
using test::RawPeer;
using test::RawServer;
using test::tuple;

class RemoteConversion : public testing::Test {
 protected:
  test::SampleBus bus;
  std::shared_ptr<RemoteObject> object = bus.open();
  std::shared_ptr<Connection> plain =
      bus.connect({.capabilities = {{qi::capability::clientServerSocket, qi::dynamic(true)}}});
  // Over a connection on which we did not say MessageFlags: the sample must not send them.
  std::shared_ptr<RemoteObject> withoutFlags =
      bus.loop.await(RemoteObject::open(plain, test::sampleService, "Sample")).value();
};

TEST_F(RemoteConversion, ofArgumentsAndResultOfATypedMethodIsMadeForIt) {
  const auto add = object->method<std::string(std::int64_t, double)>("add");
  EXPECT_EQ(add.error().code, Code::badArguments);  // no number is a text
  const auto wide = object->method<double(std::int64_t, double)>("add").value();
  EXPECT_EQ(bus.loop.await(wide(2, 40.0)).value(), 42.0);
  EXPECT_EQ(bus.loop.await(wide(std::int64_t{1} << 40, 1.0)).error().code, Code::callFailed);
  const auto any = object->method<qi::Value(qi::Value)>("hello").value();
  EXPECT_EQ(qi::fromValue<std::string>(bus.loop.await(any(std::string("you"))).value()).value(), "hello you");
}

TEST_F(RemoteConversion, isMadeByUsForAPeerWithoutFlags) {
  const auto wide = withoutFlags->method<double(std::int64_t, double)>("add").value();
  EXPECT_EQ(bus.loop.await(wide(2, 40.0)).value(), 42.0);
}

// As a peer would: it says nothing of MessageFlags, and is a server.
TEST(RemoteConversionOfOldPeers, failsHereWhereTheyCannotBeAsked) {
  test::Loop loop;
  RawServer server(loop);
  std::shared_ptr<Connection> connection;
  boost::asio::co_spawn(
      loop.io, dial(loop.io, server.endpoint(), {}, run::silentLog()),
      [&](std::exception_ptr, run::Result<std::shared_ptr<Connection>> done) { connection = done.value(); });
  auto peer = server.accept();
  auto header = peer.message().header;
  header.type = qi::MessageType::reply;
  peer.send(header, qi::encode(qi::CapabilityMap{{"__qi_auth_state", qi::dynamic(std::int32_t{3})}}));
  ASSERT_TRUE(loop.runUntil([&] { return connection != nullptr; }));
  ObjectBuilder builder;
  builder.method("add", [](std::int32_t a, std::int32_t b) { return a + b; });
  const auto meta = builder.build();
  const auto object = std::make_shared<RemoteObject>(connection, 5, qi::mainObject, "Old",
                                                     std::make_shared<qi::MetaObject>(meta->metaObject()));
  const auto wide = object->method<double(std::int64_t, double)>("add").value();
  EXPECT_EQ(loop.await(wide(std::int64_t{1} << 40, 1.0)).error().code, Code::badArguments);
  std::optional<double> sum;
  wide.call(
      std::chrono::seconds(5), [&](run::Result<double> done) { sum = done.value(); }, 2, 40.0);
  const auto asked = peer.message();
  EXPECT_EQ(asked.header.flags, 0);
  EXPECT_EQ((asked.as<std::tuple<std::int32_t, std::int32_t>>()), std::tuple(2, 40));
  auto answer = asked.header;
  answer.type = qi::MessageType::reply;
  peer.send(answer, qi::encode(std::int32_t{42}));
  ASSERT_TRUE(loop.runUntil([&] { return sum.has_value(); }));
  EXPECT_EQ(*sum, 42.0);
}

TEST_F(RemoteConversion, thatFailsAtThePeerIsToldInItsWords) {
  const auto wide = object->method<double(std::int64_t, double)>("add").value();
  EXPECT_EQ(bus.loop.await(wide(std::int64_t{1} << 40, 1.0)).error().cause,
            "Call argument number 1 conversion failure from Int64 to Int32. Function signature: "
            "(Unknown,Int32,Int32).");
}

TEST_F(RemoteConversion, ofEventsIsMadeByThePeerOrByUs) {
  for (const auto& watched : {object, withoutFlags}) {
    std::vector<std::tuple<double, qi::Value>> heard;
    const auto handler = [&](const qi::Value& event) {
      heard.push_back(qi::fromValue<std::tuple<double, qi::Value>>(event).value());
    };
    std::vector<qi::Value> raw;
    const auto wanted = bus.loop.await(watched->subscribeAs("ticked", qi::Signature::of("(dm)"), handler)).value();
    (*bus.sample.ticked)(1, "a");
    ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 1; }));
    // Beside the event as it is.
    const auto asIs =
        bus.loop.await(watched->subscribe("ticked", [&](const qi::Value& event) { raw.push_back(event); })).value();
    (*bus.sample.ticked)(2, "b");
    (*bus.sample.ticked)(3, "c");
    ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() >= 3 && raw.size() >= 2; }));
    ASSERT_EQ(heard.size(), 3u);
    ASSERT_EQ(raw.size(), 2u);
    EXPECT_EQ(std::get<0>(heard[1]), 2.0);
    EXPECT_EQ(std::get<0>(heard[2]), 3.0);
    EXPECT_EQ(raw[0].signature().text(), "(is)");
  }
}

TEST_F(RemoteConversion, ofAnEventToWhatItIsAlreadyAsksForNothing) {
  const auto subscription =
      bus.loop.await(object->subscribeAs("ticked", qi::Signature::of("(is)"), [](const qi::Value&) {})).value();
  const auto other = bus.loop.await(object->subscribe("ticked", [](const qi::Value&) {})).value();
  EXPECT_EQ(bus.sample.object->subscriberCount(bus.sample.ids.ticked), 1u);
}

TEST_F(RemoteConversion, postsToASignalAsToAMethod) {
  std::vector<qi::Value> heard;
  const auto subscription =
      bus.loop.await(object->subscribe("ticked", [&](const qi::Value& event) { heard.push_back(event); })).value();
  EXPECT_TRUE(object->post("ticked", tuple(3.0, std::string("posted"))));
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 1; }));
  EXPECT_EQ((qi::fromValue<std::tuple<int, std::string>>(heard[0]).value()), std::tuple(3, std::string("posted")));
  const auto wrong = object->post("ticked", tuple(3.0));
  EXPECT_EQ(wrong.error().code, Code::badArguments);
  EXPECT_EQ(wrong.error().cause, "ticked carries (is)");
}

TEST(TypeNames, areLibqis) {
  const auto names = [](const char* signature) { return qi::typeNames(qi::Signature::of(signature)); };
  EXPECT_EQ(names("(sIsI[s]s)"), "(String,UInt32,String,UInt32,List<String>,String)");
  EXPECT_EQ(names("{s(ii)<Point,x,y>}"), "Map<String,Point>");
  EXPECT_EQ(names("(bcCwWiIlLfdrmov+i#m)"),
            "(Bool,Int8,UInt8,Int16,UInt16,Int32,UInt32,Int64,UInt64,Float,Double,RawBuffer,Value,Object,Void,"
            "Optional<Int32>,VarArgs<Value>)");
}

}  // namespace
}  // namespace beckon::localbus
