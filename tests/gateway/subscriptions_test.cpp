#include "gateway/subscriptions.hpp"

#include "tests/gateway/iq_door_fixture.hpp"

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// An event in a line: "1 (f) [0.5]", "2 gone".
std::string shown(const Element& message) {
  const auto* event = message.child("event", rpc::ns);
  if (!event) return "no event";
  const std::string seq(event->attribute("seq"));
  const auto state = event->attribute("state");
  return seq + " " +
         (state.empty() ? std::string(event->attribute("signature")) + " " + event->text : std::string(state));
}

class WatchingByIqTest : public IqDoorTest {
 protected:
  WatchingByIqTest() { open({"owner@x", "other@x"}); }

  static Element subscribe(const std::string& id = "w1", const std::string& member = "volume") {
    return rpc::subscribeRequest({"Speech", member, id});
  }
  std::vector<Element> messages() const {
    std::vector<Element> out;
    for (const auto& stanza : server->sent)
      if (stanza.name == "message") out.push_back(stanza);
    return out;
  }
  std::vector<std::string> events() const {
    std::vector<std::string> out;
    for (const auto& message : messages()) out.push_back(shown(message));
    return out;
  }
  bool comes(std::size_t count) {
    return bus.runUntil([&] { return messages().size() >= count; });
  }
};

TEST_F(WatchingByIqTest, sendsEachEventInAMessageThatNobodyStores) {
  const auto told = rpc::readSubscribed(result("set", subscribe())).value();
  EXPECT_EQ(told.seq, 0u);
  EXPECT_TRUE(told.isNew);
  volume->set(0.25f);
  volume->set(0.75f);
  ASSERT_TRUE(comes(2));
  EXPECT_THAT(events(), ElementsAre("1 (f) [0.25]", "2 (f) [0.75]"));
  const auto message = messages().front();
  EXPECT_EQ(message.attribute("to"), owner);
  EXPECT_EQ(message.attribute("type"), "headline");
  EXPECT_TRUE(message.child("no-store", "urn:xmpp:hints"));
  EXPECT_EQ(message.child("event", rpc::ns)->attribute("id"), "w1");
}

TEST_F(WatchingByIqTest, renewsAndMovesToTheResourceThatRenewed) {
  result("set", subscribe());
  volume->set(0.25f);
  ASSERT_TRUE(comes(1));
  const auto told = rpc::readSubscribed(result("set", subscribe(), "owner@x/tablet")).value();
  EXPECT_EQ(told.seq, 1u);
  EXPECT_FALSE(told.isNew);
  volume->set(0.75f);
  ASSERT_TRUE(comes(2));
  EXPECT_EQ(messages().back().attribute("to"), "owner@x/tablet");
  EXPECT_EQ(shown(messages().back()), "2 (f) [0.75]");
}

TEST_F(WatchingByIqTest, keepsAccountsApart) {
  result("set", subscribe());
  EXPECT_TRUE(rpc::readSubscribed(result("set", subscribe(), "other@x/phone"))->isNew);
  result("set", rpc::unsubscribeRequest("w1"), "other@x/phone");
  volume->set(0.25f);
  ASSERT_TRUE(comes(1));
  EXPECT_EQ(messages().back().attribute("to"), owner);
}

TEST_F(WatchingByIqTest, endsWhenAskedAndDoesNotMindAnUnknownOne) {
  result("set", subscribe());
  EXPECT_EQ(result("set", rpc::unsubscribeRequest("w1")).name, "unsubscribe");
  EXPECT_EQ(result("set", rpc::unsubscribeRequest("w1")).name, "unsubscribe");
  volume->set(0.25f);
  EXPECT_EQ(result("get", rpc::propertyRequest({"Speech", "volume"})).text, "0.25");
  EXPECT_TRUE(events().empty());
}

TEST_F(WatchingByIqTest, countsEventsThatCouldNotBeSent) {
  result("set", subscribe());
  const auto usual = std::exchange(server->largestStanza, 0);  // nothing leaves
  volume->set(0.125f);
  volume->set(0.25f);
  // Its answer is behind the events, on the same connection.
  const auto service = bus.await(inside->service("Speech")).value();
  bus.await(service->call("echo", test::arguments(std::string("x")))).value();
  server->largestStanza = usual;
  const auto told = rpc::readSubscribed(result("set", subscribe())).value();
  EXPECT_EQ(told.seq, 2u);
  EXPECT_FALSE(told.isNew);
  volume->set(0.5f);
  ASSERT_TRUE(comes(1));
  EXPECT_THAT(events(), ElementsAre("3 (f) [0.5]"));
}

TEST_F(WatchingByIqTest, countsAnEventAboveTheSizeOfAStanzaAndGoesOn) {
  localbus::ObjectBuilder builder;
  const auto news = builder.signal<std::string>("news");
  bus.await(provider->registerService("Press", builder.build())).value();
  result("set", rpc::subscribeRequest({"Press", "news", "w1"}));
  server->largestStanza = 1000;
  news(std::string(2000, 'x'));
  news(std::string("short"));
  ASSERT_TRUE(comes(1));
  EXPECT_THAT(events(), ElementsAre("2 (s) [\"short\"]"));
}

TEST_F(WatchingByIqTest, tellsThatAServiceWentAndIsBackAndSubscribesAgain) {
  result("set", subscribe());
  provider->close();
  ASSERT_TRUE(comes(1));
  EXPECT_TRUE(rpc::readSubscribed(result("set", subscribe()))->isGone);
  provider = bus.session();
  bus.await(provider->registerService("Speech", speech)).value();
  ASSERT_TRUE(comes(2));
  volume->set(0.25f);
  ASSERT_TRUE(comes(3));
  EXPECT_THAT(events(), ElementsAre("1 gone", "2 back", "3 (f) [0.25]"));
}

TEST_F(WatchingByIqTest, outlivesTheBusOfItsRobot) {
  result("set", subscribe());
  bus.close();
  bus.open(bus.endpoint());
  // It gives the numbers of services again, so that the provider ends the connections of those who know the old ones.
  ASSERT_TRUE(comes(2));
  volume->set(0.25f);
  ASSERT_TRUE(comes(3));
  EXPECT_THAT(events(), ElementsAre("1 gone", "2 back", "3 (f) [0.25]"));
}

TEST_F(WatchingByIqTest, replacesAWatchOfAnotherMemberUnderTheSameId) {
  localbus::ObjectBuilder builder;
  const auto news = builder.signal<std::string>("news");
  bus.await(provider->registerService("Press", builder.build())).value();
  result("set", subscribe());
  EXPECT_TRUE(rpc::readSubscribed(result("set", rpc::subscribeRequest({"Press", "news", "w1"})))->isNew);
  volume->set(0.25f);
  news(std::string("x"));
  ASSERT_TRUE(comes(1));
  EXPECT_THAT(events(), ElementsAre("1 (s) [\"x\"]"));
}

TEST_F(WatchingByIqTest, saysWhatIsWrong) {
  EXPECT_EQ(refusal("set", subscribe("w1", "colour")).code, "unknown-member");
  EXPECT_EQ(refusal("set", rpc::subscribeRequest({"Speach", "volume", "w1"})).code, "unknown-service");
  EXPECT_EQ(refusal("set", subscribe("")).code, "protocol-error");
  EXPECT_EQ(refusal("set", subscribe(std::string(65, 'x'))).code, "bad-arguments");
  EXPECT_EQ(refusal("set", subscribe("w1", "traceObject")).code, "unknown-member");  // hidden: every object has it
}

TEST_F(WatchingByIqTest, bringsNothingOfAStrangerToTheBus) {
  const auto refused = ask("stranger@x/phone", "set", subscribe());
  EXPECT_EQ(StanzaError::read(refused).condition, "service-unavailable");
  EXPECT_EQ(StanzaError::read(refused).code, "");
  volume->set(0.25f);
  EXPECT_EQ(result("get", rpc::propertyRequest({"Speech", "volume"})).text, "0.25");
  EXPECT_TRUE(events().empty());
}

TEST_F(WatchingByIqTest, givesAnAccount256AtMost) {
  for (std::size_t i = 0; i < Subscriptions::mostOfAnAccount; ++i)
    ASSERT_EQ(result("set", subscribe("w" + std::to_string(i))).name, "subscribe") << i;
  EXPECT_EQ(refusal("set", subscribe("one more")).code, "overloaded");
  EXPECT_FALSE(rpc::readSubscribed(result("set", subscribe("w0")))->isNew);
  EXPECT_TRUE(rpc::readSubscribed(result("set", subscribe("w0"), "other@x/phone"))->isNew);
}

// With a short lease, and no door in front.
TEST(Subscriptions, endWhenTheyAreNotRenewed) {
  test::RobotBus bus;
  const auto provider = bus.session(), inside = bus.session();
  localbus::ObjectBuilder builder;
  auto level = builder.property<int>("level", 0);
  const auto object = builder.build();
  bus.await(provider->registerService("Tank", object)).value();
  const auto visible = std::make_shared<VisibleBus>();
  visible->use(inside);
  std::vector<std::string> sent;
  const auto send = [&](const Element& message) -> run::Result<> {
    sent.push_back(shown(message));
    return {};
  };
  const auto mayAll = [](const xmpp::Jid&, const rpc::Subscription&) { return std::optional<run::Error>(); };
  const auto subscriptions = std::make_shared<Subscriptions>(bus.io, visible, send, mayAll, run::silentLog(),
                                                             Subscriptions::Options{.lease = 300ms, .round = 20ms});
  policy::Authority authority(policy::Policy::ofAccounts({"owner@x"}));
  const VisibleBus::Caller owner{authority.view({"owner@x", {}, policy::Door::iq})};
  const auto watch = [&](const std::string& id) {
    return bus.await(subscriptions->subscribe(owner, jid("owner@x/phone"), {"Tank", "level", id})).value();
  };
  watch("kept");
  watch("dropped");
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(bus.runUntil([&] {
    watch("kept");
    return subscriptions->count() == 1;
  }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 250ms);
  EXPECT_FALSE(watch("kept").isNew);
  level.set(1);
  ASSERT_TRUE(bus.runUntil([&] { return !sent.empty(); }));
  // Nobody renews: the registration on the bus goes, too.
  ASSERT_TRUE(bus.runUntil([&] { return subscriptions->count() == 0; }));
  const auto signal = object->metaObject().findSignal("level")->uid;
  EXPECT_TRUE(bus.runUntil([&] { return object->subscriberCount(signal) == 0; }));
  subscriptions->close();
  inside->close();
  provider->close();
}

}  // namespace
}  // namespace beckon::gateway
