#include "core/run/uuid.hpp"
#include "tests/directory/bus.hpp"
#include "tests/support/free_port.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

// What a session makes again by itself.
namespace beckon::directory {
namespace {

using namespace std::chrono_literals;
using localbus::Endpoint;
using localbus::RemoteObject;
using run::Code;
using run::Result;
using test::Loop;
using test::Sample;
using test::tuple;
using testing::ElementsAre;

// A directory that can be restarted at its port, with its numbers if it keeps them.
class RestoreTest : public testing::Test {
 protected:
  RestoreTest() { startDirectory(); }
  ~RestoreTest() override {
    for (const auto& session : sessions) session->close();
    directory.reset();
    std::filesystem::remove(file);
    loop.poll();
  }
  void startDirectory(bool remembers = true) {
    directory.emplace(loop.io, test::machineId, run::silentLog(), localbus::Authenticator(), qi::ownCapabilities(),
                      remembers ? ServiceIds::open(file).value() : ServiceIds());
    directory->start(endpoint).value();
  }
  void stopDirectory() {
    directory.reset();
    ASSERT_TRUE(loop.runUntil(
        [&] { return std::ranges::none_of(sessions, [](const auto& session) { return session->isOpen(); }); }));
  }
  std::shared_ptr<Session> keep(Session::Options options = {test::machineId}) {
    return sessions.emplace_back(Session::keep(loop.io, endpoint, std::move(options), run::silentLog()));
  }
  std::shared_ptr<Session> session(Session::Options options = {test::machineId}) {
    const auto made = keep(std::move(options));
    EXPECT_TRUE(isOpen(*made));
    return made;
  }
  bool isOpen(const Session& which) {
    return loop.runUntil([&] { return which.isOpen(); });
  }
  std::uint32_t provide(Session& by, const std::string& name = "Sample") {
    return loop.await(by.registerService(name, sample.object)).value();
  }
  // Its number, once the directory lists it.
  std::uint32_t listed(Session& from, const std::string& name = "Sample") {
    std::uint32_t id = 0;
    loop.runUntil([&] {
      const auto all = loop.await(from.services());
      if (all)
        for (const auto& info : *all)
          if (info.name == name) id = info.serviceId;
      return id != 0;
    });
    return id;
  }
  int add(RemoteObject& object) {
    const auto sum = loop.await(object.call("add", tuple(2, 40), 5s));
    return sum ? qi::fromValue<int>(*sum).value() : -1;
  }
  std::shared_ptr<RemoteObject> find(Session& from, const std::string& name = "Sample") {
    return loop.await(from.service(name)).value();
  }
  // Keeps what a watch of "ticked" tells.
  std::shared_ptr<Watch> watch(Session& from) {
    Watch::Handlers handlers;
    handlers.event = [this](const qi::Value& event) {
      told.push_back(std::to_string(std::get<0>(qi::fromValue<std::tuple<int, std::string>>(event).value())));
    };
    handlers.change = [this](bool isThere) { told.push_back(isThere ? "back" : "gone"); };
    return loop.await(from.watch("Sample", "ticked", std::move(handlers))).value();
  }
  bool isTold(std::size_t count) {
    return loop.runUntil([&] { return told.size() >= count; });
  }

  const std::filesystem::path file = std::filesystem::temp_directory_path() / ("beckon-ids-" + run::makeUuid());
  Loop loop;
  Sample sample;
  const Endpoint endpoint{"127.0.0.1", test::freePort()};
  std::optional<ServiceDirectory> directory;
  std::vector<std::shared_ptr<Session>> sessions;
  std::vector<std::string> told;
};

TEST_F(RestoreTest, registersAgainWhatWasProvided) {
  const auto provider = session(), client = session();
  const auto before = provide(*provider);
  int lost = 0, opened = 0;
  provider->onLost([&](const run::Error&) { ++lost; });
  provider->onOpened([&] { ++opened; });
  stopDirectory();
  startDirectory();
  ASSERT_TRUE(isOpen(*client));
  const auto after = listed(*client);
  EXPECT_GT(after, before);
  EXPECT_TRUE(loop.runUntil([&] { return opened == 1; }));
  EXPECT_EQ(provider->id("Sample"), after);
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(add(*find(*client)), 42);
  EXPECT_EQ(add(*find(*provider)), 42);
}

TEST_F(RestoreTest, registersAThousandServicesAgainWithinThreeSeconds) {
  const auto provider = session();
  for (int i = 0; i < 1000; ++i) provide(*provider, "S" + std::to_string(i));
  bool isBack = false;
  stopDirectory();
  provider->onOpened([&] { isBack = true; });
  const auto begun = std::chrono::steady_clock::now();
  startDirectory();
  ASSERT_TRUE(loop.runUntil([&] { return isBack; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
  EXPECT_EQ(loop.await(provider->services()).value().size(), 1001u);
}

TEST_F(RestoreTest, callsAndHearsServicesWhileTheDirectoryIsAway) {
  const auto provider = session(), client = session();
  provide(*provider);
  const auto object = find(*client);
  const auto kept = watch(*client);
  stopDirectory();
  EXPECT_EQ(add(*object), 42);
  EXPECT_EQ(find(*client), object);
  (*sample.ticked)(1, "a");
  ASSERT_TRUE(isTold(1));
  startDirectory();
  listed(*client);
  // Under its earlier number, too, which nobody else gets.
  EXPECT_EQ(add(*object), 42);
  (*sample.ticked)(2, "b");
  ASSERT_TRUE(isTold(2));
  EXPECT_THAT(told, ElementsAre("1", "2"));
}

TEST_F(RestoreTest, watchesAServiceThatComesBack) {
  auto provider = session();
  const auto client = session();
  provide(*provider);
  const auto kept = watch(*client);
  provider->close();
  ASSERT_TRUE(isTold(1));
  EXPECT_FALSE(kept->isThere());
  provider = session();
  provide(*provider);
  ASSERT_TRUE(isTold(2));
  (*sample.ticked)(3, "c");
  ASSERT_TRUE(isTold(3));
  EXPECT_THAT(told, ElementsAre("gone", "back", "3"));
}

TEST_F(RestoreTest, watchesAgainWhenItsConnectionIsCut) {
  const auto provider = session(), client = session();
  provide(*provider);
  const auto kept = watch(*client);
  find(*client)->connection()->close({Code::connectionLost, "cut", {}});
  ASSERT_TRUE(isTold(2));
  (*sample.ticked)(3, "c");
  ASSERT_TRUE(isTold(3));
  EXPECT_THAT(told, ElementsAre("gone", "back", "3"));
}

TEST_F(RestoreTest, watchesAgainThroughTheDirectory) {
  const auto provider = session({.machineId = "another", .unixSockets = false}), client = session();
  provide(*provider);
  const auto kept = watch(*client);
  stopDirectory();
  ASSERT_TRUE(isTold(1));
  startDirectory();
  ASSERT_TRUE(isTold(2));
  ASSERT_TRUE(loop.runUntil([&] { return sample.object->subscriberCount(sample.ids.ticked) == 1; }));
  (*sample.ticked)(3, "c");
  ASSERT_TRUE(isTold(3));
  EXPECT_THAT(told, ElementsAre("gone", "back", "3"));
}

TEST_F(RestoreTest, watchesNoLongerWhatNobodyKeeps) {
  const auto provider = session(), client = session();
  provide(*provider);
  watch(*client).reset();
  EXPECT_TRUE(loop.runUntil([&] { return sample.object->subscriberCount(sample.ids.ticked) == 0; }));
  stopDirectory();
  startDirectory();
  listed(*client);
  EXPECT_EQ(sample.object->subscriberCount(sample.ids.ticked), 0u);
}

TEST_F(RestoreTest, repeatsNoCallWhoseConnectionEnded) {
  const auto provider = session({.machineId = "another", .unixSockets = false}), client = session();
  provide(*provider);
  std::optional<Result<qi::Value>> outcome;
  boost::asio::co_spawn(loop.io, find(*client)->call("later", tuple(1), 60s),
                        [&](std::exception_ptr, Result<qi::Value> done) { outcome = std::move(done); });
  ASSERT_TRUE(loop.runUntil([&] { return sample.waiting.size() == 1; }));
  stopDirectory();
  ASSERT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
  EXPECT_FALSE(*outcome);
  startDirectory();
  listed(*client);
  EXPECT_EQ(add(*find(*client)), 42);
  EXPECT_EQ(sample.waiting.size(), 1u);
}

// A directory without memory gives numbers again, and under ours may be another service of ours.
TEST_F(RestoreTest, forgetsNumbersThatADirectoryGivesAgain) {
  stopDirectory();
  startDirectory(false);
  const auto provider = session(), client = session();
  Sample first;
  loop.await(provider->registerService("First", first.object)).value();
  provide(*provider, "Second");
  const auto object = find(*client, "Second");
  const auto before = object->service();
  EXPECT_TRUE(loop.await(provider->unregisterService(provider->id("First").value())));
  stopDirectory();
  startDirectory(false);
  ASSERT_LT(listed(*client, "Second"), before);
  EXPECT_TRUE(loop.runUntil([&] { return !object->connection()->isOpen(); }));
  EXPECT_EQ(add(*object), -1);
  EXPECT_EQ(add(*find(*client, "Second")), 42);
}

TEST_F(RestoreTest, waitsForItsNameWhenAnotherHasTakenIt) {
  const auto provider = session();
  provide(*provider);
  stopDirectory();
  startDirectory();
  // Quicker than the session, which waits at least 25 ms.
  const Sample other;
  const auto id = directory->add("Sample", other.object).value();
  ASSERT_TRUE(isOpen(*provider));
  loop.runUntil([] { return false; }, 100ms);
  EXPECT_EQ(listed(*provider), id);
  stopDirectory();
  startDirectory();
  EXPECT_NE(listed(*provider), id);
}

TEST_F(RestoreTest, looksForADirectoryUntilItIsThere) {
  stopDirectory();
  const auto early = keep();
  EXPECT_TRUE(early->provide("Sample", sample.object));
  EXPECT_EQ(early->provide("Sample", sample.object).error().code, Code::nameTaken);
  int opened = 0;
  early->onOpened([&] { ++opened; });
  EXPECT_FALSE(loop.runUntil([&] { return opened > 0; }, 200ms));
  startDirectory();
  EXPECT_TRUE(loop.runUntil([&] { return opened == 1; }));
  EXPECT_TRUE(early->id("Sample").has_value());
}

TEST_F(RestoreTest, tellsAllServicesWhenTheDirectoryIsThereAgain) {
  const auto provider = session(), client = session();
  provide(*provider);
  stopDirectory();
  std::vector<std::string> came;
  client->onService([&](bool isThere, std::uint32_t, const std::string& name) {
    if (isThere) came.push_back(name);
  });
  startDirectory();
  EXPECT_TRUE(loop.runUntil([&] { return std::ranges::find(came, "Sample") != came.end(); }));
  EXPECT_TRUE(loop.runUntil([&] { return std::ranges::find(came, "ServiceDirectory") != came.end(); }));
}

TEST_F(RestoreTest, ofAClosedSessionIsNothing) {
  const auto provider = session(), client = session();
  provide(*provider);
  stopDirectory();
  provider->close();
  startDirectory();
  ASSERT_TRUE(isOpen(*client));
  loop.runUntil([] { return false; }, 300ms);
  EXPECT_EQ(loop.await(client->services()).value().size(), 1u);
}

}  // namespace
}  // namespace beckon::directory
