#include "remote/other_robots.hpp"

#include "localbus/object_host.hpp"
#include "tests/remote/fleet_fixture.hpp"

#include <tuple>

namespace beckon::remote {
namespace {

using localbus::Connection;
using localbus::RemoteObject;
using run::Code;
using testing::HasSubstr;
using testing::IsEmpty;

// A program on the bus of the robot whose client that is.
class OtherRobotsTest : public FleetTest {
 protected:
  OtherRobotsTest()
      : remote(io, *client, {.stream = {}, .robots = {jid("nao1@x"), jid("nao2@x")}}, run::silentLog()),
        others(io, remote) {
    host.add(service, qi::mainObject, others.object());
    std::tie(near, far) = Connection::pair(io.get_executor(), &nobody, &host, run::silentLog());
    object = std::make_shared<RemoteObject>(near, service, qi::mainObject, "OtherRobots",
                                            std::make_shared<const qi::MetaObject>(others.object()->metaObject()));
    comes("nao1@x/beckond");
  }
  ~OtherRobotsTest() override {
    others.close();
    remote.stop();
    const run::Error gone{Code::connectionLost, "the test ends", {}};
    near->close(gone);
    far->close(gone);
    io.restart();
    io.poll();
  }
  void told(const xmpp::Presence& presence) override { remote.events().presence(presence); }
  void heard(const Element& message) override { remote.events().message(message); }

  using Answer = std::shared_ptr<std::optional<run::Result<qi::Value>>>;
  template <class... Args>
  Answer start(const std::string& method, const Args&... args) {
    auto out = std::make_shared<std::optional<run::Result<qi::Value>>>();
    boost::asio::co_spawn(io, object->call(method, qi::toValue(std::tuple<Args...>(args...))),
                          [out](std::exception_ptr broken, run::Result<qi::Value> result) {
                            if (broken) std::rethrow_exception(broken);
                            *out = std::move(result);
                          });
    return out;
  }
  run::Result<qi::Value> await(const Answer& answer) {
    if (!runUntil(io, [&] { return answer->has_value(); })) throw std::runtime_error("no answer");
    return **answer;
  }
  Answer call(const std::vector<qi::Value>& arguments) {
    return start("invoke", std::string("nao1"), std::string("S"), std::string("m"), arguments);
  }
  Answer watch() { return start("watch", std::string("nao1"), std::string("Battery"), std::string("charge")); }

  static constexpr std::uint32_t service = 7;
  Remote remote;
  OtherRobots others;
  localbus::ObjectHost host, nobody;
  std::shared_ptr<Connection> near, far;
  std::shared_ptr<RemoteObject> object;
};

TEST_F(OtherRobotsTest, passesValuesOnWithoutTheTypesThatDynamicsSay) {
  const qi::List words{qi::Signature::of("m"), {qi::dynamic(qi::toValue(std::string("a")))}};
  const auto called =
      call({qi::dynamic(qi::toValue(std::string("hello"))), qi::dynamic(qi::toValue(2)), qi::dynamic(words)});
  ASSERT_TRUE(asked(1));
  EXPECT_EQ(payload(0).attribute("service"), "S");
  EXPECT_EQ(payload(0).attribute("method"), "m");
  EXPECT_EQ(payload(0).text, R"(["hello",2,["a"]])");
  answer(requests[0], rpc::valueResult(rpc::call, qi::toValue(40)));
  EXPECT_EQ(qi::fromValue<int>(await(called).value()).value(), 40);
}

TEST_F(OtherRobotsTest, passesNoObjectsOn) {
  const auto refused = await(call({qi::dynamic(object->value())}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().cause, HasSubstr("bad-arguments: an object of this robot's bus cannot be used by"));
  EXPECT_THAT(requests, IsEmpty());
}

TEST_F(OtherRobotsTest, asksForNoMoreThanSoMuchAtATime) {
  std::vector<Answer> calls;
  for (std::size_t i = 0; i < OtherRobots::mostCalls; ++i) calls.push_back(call({}));
  EXPECT_THAT(await(call({})).error().cause, HasSubstr("overloaded: this robot asks too many things"));
  ASSERT_TRUE(asked(OtherRobots::mostCalls));
  answer(requests[0], done());
  EXPECT_TRUE(await(calls[0]));
  const auto again = call({});
  EXPECT_TRUE(asked(OtherRobots::mostCalls + 1));
}

TEST_F(OtherRobotsTest, watchesUntilTheProgramLetsGo) {
  const auto begun = watch();
  ASSERT_TRUE(asked(1));
  const std::string id(payload(0).attribute("id"));
  answer(requests[0], rpc::subscribeResult(id, {0, true}));
  auto watched = qi::fromValue<std::shared_ptr<RemoteObject>>(await(begun).value()).value();
  std::vector<std::vector<int>> seen;
  bool isSubscribed = false;
  std::shared_ptr<RemoteObject::Subscription> subscription;
  const RemoteObject::EventHandler event = [&](const qi::Value& arguments) {
    seen.push_back(std::get<0>(qi::fromValue<std::tuple<std::vector<int>>>(arguments).value()));
  };
  boost::asio::co_spawn(io, watched->subscribe("event", event), [&](std::exception_ptr, auto result) {
    subscription = result.value();
    isSubscribed = true;
  });
  ASSERT_TRUE(runUntil(io, [&] { return isSubscribed; }));
  const qi::Value arguments = qi::Tuple{{qi::toValue(7)}, {}};
  server->give(
      rpc::eventMessage("owner@x/here", {id, 1, rpc::Event::Kind::value, arguments, {}}).set("from", "nao1@x/beckond"));
  ASSERT_TRUE(runUntil(io, [&] { return !seen.empty(); }));
  EXPECT_EQ(seen.front(), std::vector{7});
  subscription.reset();
  watched.reset();
  **begun = run::Error{};
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(payload(1), rpc::unsubscribeRequest(id));
}

TEST_F(OtherRobotsTest, watchesNoMoreThanSoMuchAtATime) {
  std::vector<Answer> watches;
  for (std::size_t i = 0; i < OtherRobots::mostWatches; ++i) {
    watches.push_back(watch());
    ASSERT_TRUE(asked(i + 1));
    answer(requests[i], rpc::subscribeResult(std::string(payload(i).attribute("id")), {0, true}));
    ASSERT_TRUE(await(watches.back()));
  }
  EXPECT_THAT(await(watch()).error().cause, HasSubstr("overloaded: this robot watches too much"));
  **watches[0] = run::Error{};  // let go
  ASSERT_TRUE(asked(OtherRobots::mostWatches + 1));
  const auto again = watch();
  EXPECT_TRUE(asked(OtherRobots::mostWatches + 2));
}

}  // namespace
}  // namespace beckon::remote
