#include "tests/directory/bus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Which way a session takes to a service.
namespace beckon::directory {
namespace {

using localbus::RemoteObject;
using run::Code;
using test::Bus;
using test::RawServer;
using test::Sample;
using testing::EndsWith;
using testing::StartsWith;

class Paths : public testing::Test {
 protected:
  ~Paths() override {
    for (const auto& session : sessions) session->close();
  }
  std::shared_ptr<Session> session(Session::Options options = {test::machineId}) {
    return sessions.emplace_back(bus.session(std::move(options)));
  }
  std::shared_ptr<Session> provider(Session::Options options = {test::machineId}) {
    const auto made = session(std::move(options));
    bus.loop.await(made->registerService("Sample", sample.object)).value();
    return made;
  }
  // By which it is reached; calls it.
  std::string path(Session& from) {
    const auto object = bus.loop.await(from.service("Sample"));
    if (!object) return object.error().cause;
    EXPECT_EQ(bus.loop.await((*object)->method<int(int, int)>("add").value()(2, 40)).value(), 42);
    return from.path(**object);
  }

  Bus bus;
  Sample sample;
  std::vector<std::shared_ptr<Session>> sessions;
};

TEST_F(Paths, toAServiceOfOnesOwnLeavesNotTheProcess) { EXPECT_EQ(path(*provider()), "within the process"); }

TEST_F(Paths, toAnotherProgramOfTheComputerIsAUnixSocket) {
  provider();
  const auto taken = path(*session());
  EXPECT_THAT(taken, StartsWith("unix:///"));
  EXPECT_THAT(taken, EndsWith(" (same computer)"));
}

TEST_F(Paths, toAPeerThatKnowsNoUnixSocketsIsItsPort) {
  provider({.machineId = test::machineId, .unixSockets = false});
  EXPECT_THAT(path(*session()), StartsWith("tcp://127.0.0.1:"));
}

TEST_F(Paths, ofAClientThatKnowsNoUnixSocketsIsThePort) {
  provider();
  EXPECT_THAT(path(*session({.machineId = test::machineId, .unixSockets = false})), StartsWith("tcp://127.0.0.1:"));
}

// As two containers of one computer that share a folder: the ids differ, the socket answers.
TEST_F(Paths, isDecidedByWhetherTheSocketAnswersNotByTheMachinesId) {
  provider({.machineId = "another"});
  EXPECT_THAT(path(*session()), StartsWith("unix:///"));
}

// As a computer that is a copy of this one: its id is ours, and so are its ports, where another program listens here.
TEST_F(Paths, leadsPastAnotherProgramOnTheSamePort) {
  const auto right = provider({.machineId = test::machineId, .listen = {"127.0.0.2", 0}, .unixSockets = false});
  const auto info = bus.loop.await(right->services()).value().at(1);
  Sample other;
  const auto wrong = session({.machineId = test::machineId, .unixSockets = false});
  bus.loop.await(wrong->registerService("Other", other.object)).value();
  const auto otherInfo = bus.loop.await(wrong->services()).value().at(2);
  // The entry of the first lists the port of the second before its own.
  auto copied = info;
  copied.name = "Copied";
  copied.serviceId = 0;
  copied.endpoints.insert(copied.endpoints.begin(), otherInfo.endpoints.front());
  auto peer = bus.peer();
  const auto id = peer.ask(Bus::member(test::member::registerService), qi::encode(copied)).as<std::uint32_t>();
  peer.ask(Bus::member(test::member::serviceReady), qi::encode(id));
  const auto client = session({.machineId = test::machineId, .unixSockets = false});
  // Reached: the answer is that of the right program, which has nothing of that number.
  EXPECT_EQ(bus.loop.await(client->service("Copied")).error().code, Code::callFailed);
  EXPECT_EQ(path(*client), info.endpoints.front() + " (same computer)");
}

TEST_F(Paths, isSharedByAllServicesOfAProcess) {
  const auto process = provider();
  bus.loop.await(process->registerService("Second", sample.object)).value();
  const auto client = session();
  const auto one = bus.loop.await(client->service("Sample")).value();
  const auto other = bus.loop.await(client->service("Second")).value();
  EXPECT_EQ(one->connection(), other->connection());
}

TEST_F(Paths, isTakenAnewWhenItEnds) {
  const auto process = provider();
  const auto client = session();
  const auto object = bus.loop.await(client->service("Sample")).value();
  object->connection()->close({Code::connectionLost, "cut", {}});
  EXPECT_THAT(path(*client), StartsWith("unix:///"));
}

}  // namespace
}  // namespace beckon::directory
