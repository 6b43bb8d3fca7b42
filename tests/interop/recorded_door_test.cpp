#include "gateway/doors/lan_door.hpp"
#include "tests/directory/bus.hpp"
#include "tests/interop/recorded_client.hpp"
#include "tests/interop/replays.hpp"
#include "tests/interop/vec.hpp"

#include <gtest/gtest.h>

// Recorded libqi clients, byte by byte, coming in by the LAN door: what they use is on the bus behind it. What they get
// of it is what libqi's service sent, byte by byte.
namespace beckon::test {
namespace {

const std::string everything = R"(
[[rule]]
name = "everything"
who = ["token:nao"]
may = ["list", "call", "post", "get", "set", "watch", "register"]
on = ["*"]
)";

// A bus, on it the service, and the door of a gateway before it.
class Door {
 public:
  explicit Door(const std::string& file) : capabilities_(capabilitiesOf(file)) {
    EXPECT_EQ(directory_.add("Vec", makeVec()).value(), 2u);
    own_ = onBus({});
    gateway::LanDoor::Options options;
    options.machineId = machineId;
    options.admit = [](const auto&) { return policy::Admitted{"token:nao", {}, 1}; };
    options.bus = [this](const qi::CapabilityMap& more) { return onBus(more); };
    door_.emplace(loop.io, authority_, own_, std::move(options), run::silentLog());
    std::optional<localbus::Endpoint> listening;
    own_->onOpened([&] {
      door_->busIsThere();
      listening = door_->start({"127.0.0.1", 0}, {}).value();
    });
    EXPECT_TRUE(loop.runUntil([&] { return listening.has_value(); }));
    endpoint = *listening;
  }
  ~Door() {
    door_->stop();
    for (const auto& session : sessions_) session->close();
    directory_.stop();
  }

  Loop loop;
  localbus::Endpoint endpoint;

 private:
  std::shared_ptr<directory::Session> onBus(const qi::CapabilityMap& more) {
    directory::Session::Options options;
    options.machineId = machineId;
    for (const auto& [key, value] : more) options.capabilities.insert_or_assign(key, value);
    sessions_.push_back(directory::Session::keep(loop.io, bus_, std::move(options), run::silentLog()));
    return sessions_.back();
  }

  qi::CapabilityMap capabilities_;
  directory::ServiceDirectory directory_{loop.io, machineId, run::silentLog(), {}, capabilities_};
  const localbus::Endpoint bus_ = directory_.start({"127.0.0.1", 0}).value();
  policy::Authority authority_{policy::Policy::parse(everything, "test").value()};
  std::vector<std::shared_ptr<directory::Session>> sessions_;
  std::shared_ptr<directory::Session> own_;
  std::optional<gateway::LanDoor> door_;
};

// The recording's first connection is that of the process that has the service.
void replay(const std::string& file) {
  Door door(file);
  std::map<int, localbus::Endpoint> play;
  for (const auto& [connection, port] : qi::test::recording(file).ports)
    if (connection > 1) play[connection] = door.endpoint;
  ASSERT_FALSE(play.empty());
  RecordedClient client(door.loop, file, play);
  client.throughADoor();
  client.play();
}

TEST(RecordedClientAtTheDoor, listsServices) { replay("07_services.json"); }
TEST(RecordedClientAtTheDoor, asksForAnUnknownService) { replay("08_unknown_service.json"); }
TEST(RecordedClientAtTheDoor, callsWithEveryType) { replay("09_calls.json"); }
TEST(RecordedClientAtTheDoor, posts) { replay("10_post.json"); }
TEST(RecordedClientAtTheDoor, hearsOfAFailure) { replay("11_error.json"); }
TEST(RecordedClientAtTheDoor, readsSetsAndWatchesAProperty) { replay("12_property.json"); }
TEST(RecordedClientAtTheDoor, hearsAndEmitsASignal) { replay("13_signal.json"); }
TEST(RecordedClientAtTheDoor, getsObjectsAndPassesOne) { replay("14_object.json"); }
TEST(RecordedClientAtTheDoor, cancelsACall) { replay("15_cancel.json"); }

}  // namespace
}  // namespace beckon::test
