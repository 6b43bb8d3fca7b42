#include "directory/registrations.hpp"

#include "localbus/object_builder.hpp"
#include "tests/directory/bus.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

// What a session says to its directory when it registers.
namespace beckon::directory {
namespace {

using localbus::Endpoint;
using qi::MessageType;
using run::Code;
using run::Error;
using run::Result;
using test::Loop;
using test::RawPeer;
using test::Sample;
using testing::ElementsAre;
using testing::IsEmpty;

qi::CapabilityMap withNumbers() {
  auto map = qi::ownCapabilities();
  map.emplace(qi::capability::beckonNumbers, qi::dynamic(true));
  return map;
}

// A directory that answers when the test says so.
class Directory {
 public:
  Directory(Loop& loop, qi::CapabilityMap capabilities)
      : listener_(loop.io, host_, {}, run::silentLog(), std::move(capabilities)) {
    localbus::ObjectBuilder builder;
    builder.method("service", [](const std::string&) { return Result<ServiceInfo>(Error{Code::internal, {}, {}}); });
    builder.method("services", [] { return std::vector<ServiceInfo>(); });
    builder.method("registerService", [this](localbus::Reply<std::uint32_t> reply, ServiceInfo info) {
      asked.push_back(std::move(info));
      replies.push_back(std::move(reply));
    });
    builder.method("unregisterService", [](std::uint32_t) {});
    builder.method("serviceReady", [this](std::uint32_t id) { ready.push_back(id); });
    builder.method("updateServiceInfo", [](const ServiceInfo&) {});
    added_.emplace(builder.signal<std::uint32_t, std::string>("serviceAdded"));
    builder.signal<std::uint32_t, std::string>("serviceRemoved");
    host_.add(qi::directoryService, qi::mainObject, builder.build());
    endpoint = listener_.start({"127.0.0.1", 0}).value();
  }
  void answer(Result<std::uint32_t> id) {
    replies.front()(std::move(id));
    replies.pop_front();
  }
  void tell(std::uint32_t id, const std::string& name) { (*added_)(id, name); }

  std::vector<ServiceInfo> asked;
  std::deque<localbus::Reply<std::uint32_t>> replies;
  std::vector<std::uint32_t> ready;
  Endpoint endpoint;

 private:
  localbus::ObjectHost host_;
  localbus::Listener listener_;
  std::optional<localbus::SignalHandle<std::uint32_t, std::string>> added_;
};

class RegistrationsTest : public testing::Test {
 protected:
  ~RegistrationsTest() override {
    if (session) session->close();
  }
  void connect(qi::CapabilityMap capabilities = withNumbers()) {
    directory.emplace(loop, std::move(capabilities));
    auto connecting = Session::connect(loop.io, directory->endpoint, {.machineId = test::machineId}, run::silentLog());
    session = loop.await(std::move(connecting)).value();
    session->onService([this](bool, std::uint32_t id, const std::string&) { told.push_back(id); });
  }
  // The request has arrived when this returns.
  void begin(const std::string& name) {
    const auto before = directory->asked.size();
    boost::asio::co_spawn(loop.io, session->registerService(name, sample.object),
                          [this](std::exception_ptr, Result<std::uint32_t> id) { registered.push_back(id ? *id : 0); });
    ASSERT_TRUE(loop.runUntil([&] { return directory->asked.size() > before; }));
  }
  void answer(Result<std::uint32_t> id) {
    const auto before = registered.size();
    directory->answer(std::move(id));
    ASSERT_TRUE(loop.runUntil([&] { return registered.size() > before; }));
  }
  std::uint32_t expectedOf(std::size_t request) const { return directory->asked.at(request).serviceId; }
  // Whether the session answers calls to that number.
  bool answersUnder(std::uint32_t id) {
    RawPeer peer(loop, Endpoint::parse(directory->asked.front().endpoints.front()).value());
    peer.authenticate();
    const auto meta = peer.ask({id, qi::mainObject, qi::action::metaObject}, qi::encode(std::uint32_t{0}));
    return meta.header.type == MessageType::reply;
  }

  Loop loop;
  Sample sample;
  std::optional<Directory> directory;
  std::shared_ptr<Session> session;
  std::vector<std::uint32_t> registered, told;
};

TEST_F(RegistrationsTest, leaveANumberToAServiceOfOnesOwnThatGotIt) {
  connect();
  begin("One");
  begin("Two");
  answer(3);
  sample.object = Sample().object;
  begin("Three");
  EXPECT_EQ(expectedOf(2), 4u);
  answer(4);
  answer(5);
  EXPECT_EQ(session->id("Two"), 4u);
  EXPECT_EQ(session->id("Three"), 5u);
  EXPECT_TRUE(answersUnder(4));
  EXPECT_TRUE(answersUnder(5));
}

TEST_F(RegistrationsTest, registerInOneTripWhereTheNumberIsForeseen) {
  connect();
  begin("One");
  EXPECT_EQ(expectedOf(0), 0u);
  answer(7);
  begin("Two");
  EXPECT_EQ(expectedOf(1), 8u);
  answer(8);
  EXPECT_THAT(registered, ElementsAre(7, 8));
  EXPECT_THAT(directory->ready, ElementsAre(7));
  EXPECT_EQ(session->id("Two"), 8u);
}

TEST_F(RegistrationsTest, answerCallsBeforeTheDirectoryKnowsOfThem) {
  connect();
  begin("One");
  answer(7);
  begin("Two");
  EXPECT_TRUE(answersUnder(8));
  answer(8);
  EXPECT_TRUE(answersUnder(8));
}

TEST_F(RegistrationsTest, takeTwoTripsWhereSomebodyElseWasFaster) {
  connect();
  begin("One");
  answer(7);
  begin("Two");
  answer(9);
  EXPECT_THAT(registered, ElementsAre(7, 9));
  EXPECT_THAT(directory->ready, ElementsAre(7, 9));
  EXPECT_FALSE(answersUnder(8));
  EXPECT_TRUE(answersUnder(9));
}

TEST_F(RegistrationsTest, foreseeFromWhatOthersWereGiven) {
  connect();
  directory->tell(20, "Other");
  ASSERT_TRUE(loop.runUntil([&] { return told.size() == 1; }));
  begin("One");
  EXPECT_EQ(expectedOf(0), 21u);
  answer(21);
  EXPECT_THAT(directory->ready, IsEmpty());
}

TEST_F(RegistrationsTest, thatAreUnderWayTogetherExpectNumbersInTheirOrder) {
  connect();
  begin("One");
  answer(7);
  begin("Two");
  begin("Three");
  EXPECT_EQ(expectedOf(1), 8u);
  EXPECT_EQ(expectedOf(2), 9u);
  answer(8);
  answer(9);
  EXPECT_THAT(registered, ElementsAre(7, 8, 9));
  EXPECT_THAT(directory->ready, ElementsAre(7));
}

TEST_F(RegistrationsTest, areKnownAsOnesOwnWhenTheDirectoryTellsOfThemBeforeItAnswers) {
  connect();
  begin("One");
  answer(7);
  begin("Two");
  directory->tell(8, "Two");
  ASSERT_TRUE(loop.runUntil([&] { return told.size() == 1; }));
  EXPECT_EQ(session->id("Two"), 8u);
  answer(8);
  EXPECT_THAT(registered, ElementsAre(7, 8));
  EXPECT_TRUE(answersUnder(8));
}

TEST_F(RegistrationsTest, thatAreRefusedLeaveNothingUnderTheNumber) {
  connect();
  begin("One");
  answer(7);
  begin("Two");
  answer(Error{Code::nameTaken, "already registered", {}});
  EXPECT_FALSE(answersUnder(8));
  begin("Three");
  EXPECT_EQ(expectedOf(2), 8u);
  answer(8);
  EXPECT_THAT(registered, ElementsAre(7, 0, 8));
}

TEST_F(RegistrationsTest, expectNothingOfADirectoryThatKnowsNothingOfIt) {
  connect(qi::ownCapabilities());
  begin("One");
  answer(7);
  begin("Two");
  EXPECT_EQ(expectedOf(1), 0u);
  answer(8);
  EXPECT_THAT(directory->ready, ElementsAre(7, 8));
}

}  // namespace
}  // namespace beckon::directory
