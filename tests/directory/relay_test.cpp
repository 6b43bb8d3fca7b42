#include "directory/relay.hpp"

#include "tests/directory/bus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Services that cannot be dialled.
namespace beckon::directory {
namespace {

using localbus::RemoteObject;
using run::Code;
using test::Bus;
using test::Sample;
using test::tuple;
using testing::ElementsAre;

class RelayTest : public testing::Test {
 protected:
  ~RelayTest() override {
    provider->close();
    client->close();
  }
  // Listens on loopback, and is said to be on another computer.
  static Session::Options outOfReach() { return {.machineId = "another", .unixSockets = false}; }
  void provide() { id = bus.loop.await(provider->registerService("Sample", sample.object)).value(); }
  run::Result<std::shared_ptr<RemoteObject>> find() { return bus.loop.await(client->service("Sample")); }
  int add(const std::shared_ptr<RemoteObject>& object) {
    return qi::fromValue<int>(bus.loop.await(object->call("add", tuple(2, 40))).value()).value();
  }

  Bus bus;
  Sample sample;
  std::shared_ptr<Session> provider = bus.session(outOfReach());
  std::shared_ptr<Session> client = bus.session();
  std::uint32_t id = 0;
};

TEST_F(RelayTest, callsAServiceThatCannotBeDialled) {
  provide();
  const auto object = find().value();
  EXPECT_EQ(add(object), 42);
  EXPECT_EQ(client->path(*object), bus.endpoint.url() + " (through the directory)");
  const auto failed = bus.loop.await(object->call("fail", tuple()));
  EXPECT_EQ(failed.error().cause, "Sample answered: deliberate failure");
}

TEST_F(RelayTest, passesOnEventsAndProperties) {
  provide();
  const auto object = find().value();
  std::vector<int> heard;
  const auto subscription =
      bus.loop
          .await(object->subscribe("ticked",
                                   [&](const qi::Value& event) {
                                     heard.push_back(
                                         std::get<0>(qi::fromValue<std::tuple<int, std::string>>(event).value()));
                                   }))
          .value();
  ASSERT_TRUE(bus.loop.runUntil([&] { return sample.object->subscriberCount(sample.ids.ticked) == 1; }));
  (*sample.ticked)(1, "a");
  (*sample.ticked)(2, "b");
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 2; }));
  EXPECT_THAT(heard, ElementsAre(1, 2));
  EXPECT_TRUE(bus.loop.await(object->setProperty("level", qi::toValue(7))));
  EXPECT_EQ(sample.level->get(), 7);
}

TEST_F(RelayTest, servesTheDirectorysOwnProcessBesideOthers) {
  provide();
  const auto inside = bus.loop.await(bus.directory.service("Sample")).value();
  const auto outside = find().value();
  int heardInside = 0, heardOutside = 0;
  const auto one = bus.loop.await(inside->subscribe("ticked", [&](const qi::Value&) { ++heardInside; })).value();
  const auto other = bus.loop.await(outside->subscribe("ticked", [&](const qi::Value&) { ++heardOutside; })).value();
  (*sample.ticked)(1, "a");
  EXPECT_TRUE(bus.loop.runUntil([&] { return heardInside == 1 && heardOutside == 1; }));
}

TEST_F(RelayTest, endsWithTheService) {
  provide();
  const auto object = find().value();
  ASSERT_EQ(add(object), 42);
  std::optional<run::Result<qi::Value>> outcome;
  boost::asio::co_spawn(bus.loop.io, object->call("later", tuple(1)),
                        [&](std::exception_ptr, run::Result<qi::Value> done) { outcome = std::move(done); });
  ASSERT_TRUE(bus.loop.runUntil([&] { return sample.waiting.size() == 1; }));
  provider->close();
  ASSERT_TRUE(bus.loop.runUntil([&] { return outcome.has_value(); }));
  EXPECT_FALSE(*outcome);
  EXPECT_TRUE(client->isOpen());
  EXPECT_EQ(find().error().code, Code::unknownService);
  EXPECT_FALSE(bus.loop.await(object->call("add", tuple(2, 40))));
}

// Whoever comes through the directory has shown no credentials to the service.
TEST_F(RelayTest, isNoWayAroundAServicesOwnCredentials) {
  auto options = outOfReach();
  options.authenticator = [](const qi::CapabilityMap&) -> localbus::AuthDecision { return {}; };
  provider->close();
  provider = bus.session(options);
  provide();
  const auto refused = find();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unreachable);
  EXPECT_EQ(refused.error().cause, "Sample has no endpoint that can be reached from here");
}

TEST_F(RelayTest, refusesCallsToNobody) {
  auto peer = bus.peer();
  const auto answer = peer.ask({77, qi::mainObject, qi::action::metaObject}, qi::encode(std::uint32_t{0}));
  EXPECT_EQ(answer.errorText(), "The call request could not be handled.");
}

}  // namespace
}  // namespace beckon::directory
