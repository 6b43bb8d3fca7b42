#include "apps/sim/bus_presence.hpp"

#include "localbus/object_builder.hpp"
#include "tests/sim/bus.hpp"
#include "tests/support/free_port.hpp"

#include <gtest/gtest.h>

namespace beckon::sim {
namespace {

std::shared_ptr<localbus::Object> nothing() { return localbus::ObjectBuilder().build(); }

// A presence of two services that is stopped with the test.
struct Present {
  test::Bus& bus;
  int timesReady = 0;
  bool hasLeft = false;
  BusPresence presence;

  explicit Present(test::Bus& on)
      : bus(on),
        presence(
            on.io, on.endpoint(), {test::Bus::machine}, {{"First", nothing()}, {"Second", nothing()}},
            [this] { ++timesReady; }, run::silentLog()) {
    boost::asio::co_spawn(bus.io, presence.run(), [this](std::exception_ptr) { hasLeft = true; });
  }
  bool leave() {
    presence.stop();
    return bus.runUntil([this] { return hasLeft; });
  }
  bool isReady(int times) {
    return bus.runUntil([&] { return timesReady == times; });
  }
  ~Present() { leave(); }
};

std::vector<std::string> names(test::Bus& bus, const std::shared_ptr<directory::Session>& session) {
  std::vector<std::string> out;
  for (const auto& info : bus.await(session->services()).value()) out.push_back(info.name);
  return out;
}

TEST(BusPresence, registersAllServicesAndUnregistersThem) {
  test::Bus bus;
  Present present(bus);
  ASSERT_TRUE(present.isReady(1));
  const auto client = bus.session();
  EXPECT_EQ(names(bus, client), (std::vector<std::string>{"ServiceDirectory", "First", "Second"}));
  ASSERT_TRUE(present.leave());
  EXPECT_EQ(names(bus, client), (std::vector<std::string>{"ServiceDirectory"}));
  client->close();
}

TEST(BusPresence, waitsForADirectoryAndComesBackAfterItsRestart) {
  test::Bus bus(localbus::Endpoint{"127.0.0.1", test::freePort()});
  bus.close();
  Present present(bus);
  EXPECT_FALSE(bus.runUntil([&] { return present.timesReady > 0 || present.hasLeft; }, test::Milliseconds(300)));
  bus.open(bus.endpoint());
  ASSERT_TRUE(present.isReady(1));
  bus.close();
  bus.open(bus.endpoint());
  ASSERT_TRUE(present.isReady(2));
  const auto client = bus.session();
  EXPECT_EQ(names(bus, client).size(), 3u);
  client->close();
}

TEST(BusPresence, stopsAtOnceWhileThereIsNoDirectory) {
  test::Bus bus(localbus::Endpoint{"127.0.0.1", test::freePort()});
  bus.close();
  Present present(bus);
  bus.runUntil([] { return false; }, test::Milliseconds(50));
  EXPECT_TRUE(present.leave());
}

TEST(BusPresence, takesNoNameWhileOneIsTaken) {
  test::Bus bus;
  const auto other = bus.session();
  const auto id = bus.await(other->registerService("Second", nothing())).value();
  Present present(bus);
  EXPECT_FALSE(bus.runUntil([&] { return present.timesReady > 0; }, test::Milliseconds(150)));
  EXPECT_EQ(names(bus, other), (std::vector<std::string>{"ServiceDirectory", "Second"}));
  ASSERT_TRUE(bus.await(other->unregisterService(id)));
  EXPECT_TRUE(present.isReady(1));
  other->close();
}

}  // namespace
}  // namespace beckon::sim
