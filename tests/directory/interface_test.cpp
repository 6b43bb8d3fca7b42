#include "directory/interface.hpp"

#include "directory/client.hpp"
#include "directory/program.hpp"
#include "tests/directory/bus.hpp"
#include "tests/directory/lamp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Interfaces that are declared once: what serves and what calls them.
namespace beckon::directory {
namespace {

using namespace std::chrono_literals;
using run::Code;
using run::Result;
using test::Bus;
using testing::ElementsAre;

// Calls a lamp what is none, or with other types.
template <class Side>
struct Kettle : Interface<Side> {
  Method<Side, void(bool)> turn{*this, "turn"};
  Method<Side, void()> boil{*this, "boil"};
};
template <class Side>
struct ListOfLevels : Interface<Side> {
  Property<Side, std::int32_t> level{*this, "level"};
  Method<Side, void(std::vector<std::string>)> turn{*this, "turn"};
};
template <class Side>
struct WideLamp : Interface<Side> {
  Method<Side, double(std::int64_t)> fade{*this, "fade"};
  Property<Side, double> level{*this, "level"};
};

class InterfaceTest : public testing::Test {
 protected:
  InterfaceTest() { await(provide(*provider, "Lamp", served.lamp)).value(); }
  ~InterfaceTest() override {
    client->close();
    provider->close();
  }
  template <class T>
  Result<T> await(boost::asio::awaitable<Result<T>> work) {
    return bus.loop.await(std::move(work));
  }
  auto open(Session& session) { return await(directory::open<Lamp>(session, "Lamp", 5s)).value(); }

  Bus bus;
  test::TestLamp served;
  std::shared_ptr<Session> provider = bus.session();
  std::shared_ptr<Session> client = bus.session();
};

TEST_F(InterfaceTest, methodsAreCalledThroughTheirDeclaration) {
  const auto lamp = open(*client);
  ASSERT_TRUE(await(lamp->turn(true)));
  EXPECT_EQ(served.lamp.level.get(), 100);
}

TEST_F(InterfaceTest, aCoroutineAnswersWhenItEnds) {
  const auto lamp = open(*client);
  EXPECT_EQ(await(lamp->fade(40)).value(), 40);
  EXPECT_EQ(await(lamp->fade(-1)).error().cause, "no lamp is darker than dark");
}

TEST_F(InterfaceTest, aCallMeetsTheDeadlineOfItsProxy) {
  const auto lamp = await(directory::open<Lamp>(*client, "Lamp", 60ms)).value();
  EXPECT_EQ(await(lamp->fade(test::TestLamp::never)).error().code, Code::timedOut);
}

TEST_F(InterfaceTest, signalsComeWithTheirTypes) {
  const auto lamp = open(*client);
  std::vector<std::string> heard;
  const auto subscription =
      await(lamp->flickered.subscribe([&](const std::string& why) { heard.push_back(why); })).value();
  served.lamp.flickered("old");
  served.lamp.flickered("wet");
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 2; }));
  EXPECT_THAT(heard, ElementsAre("old", "wet"));
}

TEST_F(InterfaceTest, propertiesAreReadSetAndWatched) {
  const auto lamp = open(*client);
  std::vector<std::int32_t> levels;
  const auto subscription = await(lamp->level.subscribe([&](std::int32_t level) { levels.push_back(level); })).value();
  ASSERT_TRUE(await(lamp->level.set(30)));
  EXPECT_EQ(await(lamp->level.get()).value(), 30);
  EXPECT_EQ(await(lamp->level.set(101)).error().code, Code::callFailed);
  EXPECT_EQ(served.lamp.level.get(), 30);
  EXPECT_THAT(levels, ElementsAre(30));
}

// Written as a program has to write it for gcc 12 (client.hpp).
TEST_F(InterfaceTest, whatAHandlerOwnsIsHeldOnceAndLetGo) {
  const auto held = std::make_shared<int>();
  const auto use = [](Session& session, std::shared_ptr<int> owned) -> Awaitable<long> {
    const auto lamp = (co_await directory::open<Lamp>(session, "Lamp")).value();
    const auto handler = [owned](std::int32_t) { ++*owned; };
    const auto subscription = (co_await lamp->level.subscribe(handler)).value();
    (co_await lamp->level.set(5)).value();
    co_return owned.use_count();
  };
  // The test's, the coroutine's, the handler's and its copy.
  EXPECT_EQ(await(use(*client, held)).value(), 4);
  EXPECT_EQ(*held, 1);
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(InterfaceTest, aServiceOfTheSameSessionIsCalledByPointer) {
  const auto lamp = open(*provider);
  bool turned = false;
  const auto call = [](auto callee, boost::asio::io_context& io, const bool& hasTurned) -> Awaitable<> {
    boost::asio::post(io, [&] { const_cast<bool&>(hasTurned) = true; });
    auto done = co_await callee->turn(true);
    EXPECT_FALSE(hasTurned);
    co_await boost::asio::post(io, boost::asio::use_awaitable);
    co_return done;
  };
  ASSERT_TRUE(await(call(lamp, bus.loop.io, turned)));
  EXPECT_EQ(served.lamp.level.get(), 100);
}

TEST_F(InterfaceTest, aServiceWithoutAFunctionIsNotProvided) {
  Lamp<Service> half;
  half.turn = [](bool) {};
  const auto refused = await(provide(*provider, "Half", half)).error();
  EXPECT_EQ(refused.code, Code::invalidArgument);
  EXPECT_EQ(refused.cause, "the method fade has no function");
}

TEST_F(InterfaceTest, aServiceThatLacksAMemberIsNotOpened) {
  const auto refused = await(directory::open<Kettle>(*client, "Lamp")).error();
  EXPECT_EQ(refused.code, Code::unknownMember);
  EXPECT_EQ(refused.cause, "Lamp has no method \"boil\"");
}

TEST_F(InterfaceTest, aServiceWithOtherTypesIsNotOpened) {
  EXPECT_EQ(await(directory::open<ListOfLevels>(*client, "Lamp")).error().code, Code::badArguments);
}

TEST_F(InterfaceTest, typesThatCanBeConvertedAre) {
  const auto lamp = await(directory::open<WideLamp>(*client, "Lamp")).value();
  EXPECT_EQ(await(lamp->fade(40)).value(), 40.0);
  EXPECT_EQ(await(lamp->level.get()).value(), 40.0);
  ASSERT_TRUE(await(lamp->level.set(50.0)));
  EXPECT_EQ(served.lamp.level.get(), 50);
}

TEST(RunOnBus, tellsThatThereIsNoBus) {
  testing::internal::CaptureStderr();
  bool ran = false;
  EXPECT_EQ(runOnBus("tcp://127.0.0.1:9",
                     [&](Session&) -> Awaitable<> {
                       ran = true;
                       co_return Result<>();
                     }),
            1);
  EXPECT_FALSE(ran);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("error (unreachable): "));
}

}  // namespace
}  // namespace beckon::directory
