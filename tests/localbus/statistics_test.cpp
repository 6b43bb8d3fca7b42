#include "localbus/statistics.hpp"

#include "tests/core/hex.hpp"
#include "tests/localbus/recorder_fixture.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <fstream>

// Statistics of an object, actions 80 to 83. Its trace: trace_test.cpp.
namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using qi::MessageType;
using test::AllStatistics;
using test::tuple;

// Time of this thread, user and system together.
std::chrono::microseconds cpuTime() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

using StatisticsTest = test::RecorderFixture;

TEST_F(StatisticsTest, haveTheSignaturesOfLibqi) {
  std::ifstream file(beckon::test::sourceFolder() / "tests/data/qi/17_stats.json");
  std::optional<qi::MetaObject> recorded;
  const auto recording = nlohmann::json::parse(file);
  for (const auto& message : recording.at("messages"))
    if (message.value("n", 0) == 33)
      recorded = qi::decode<qi::MetaObject>(qi::test::fromHex(message.at("payload_hex").get<std::string>())).value();
  ASSERT_TRUE(recorded);
  const auto& own = bus.sample.object->metaObject();
  for (auto action = qi::action::isStatsEnabled; action <= qi::action::enableTrace; ++action) {
    const auto& mine = own.methods.at(action);
    const auto& theirs = recorded->methods.at(action);
    EXPECT_EQ(mine.name, theirs.name);
    EXPECT_EQ(mine.parametersSignature, theirs.parametersSignature) << mine.name;
    EXPECT_EQ(mine.returnSignature, theirs.returnSignature) << mine.name;
  }
  EXPECT_EQ(own.signals.at(qi::action::traceObject), recorded->signals.at(qi::action::traceObject));
}

TEST_F(StatisticsTest, areOffUntilSomebodyWantsThem) {
  EXPECT_FALSE(ask(qi::action::isStatsEnabled).as<bool>());
  EXPECT_FALSE(isTraceEnabled());
  ask(ids.add, 1, 2);
  EXPECT_TRUE(stats().empty());
  enableStats(true);
  EXPECT_TRUE(ask(qi::action::isStatsEnabled).as<bool>());
  EXPECT_TRUE(stats().empty());
  ask(ids.add, 1, 2);
  enableStats(false);
  EXPECT_FALSE(ask(qi::action::isStatsEnabled).as<bool>());
  ask(ids.add, 1, 2);
  EXPECT_EQ(stats().at(ids.add).count, 1u);
}

TEST_F(StatisticsTest, countCallsOfEachMethodAndTheirTime) {
  enableStats(true);
  for (int i = 0; i < 3; ++i) ask(ids.add, 1, 2);
  ask(ids.nothing);
  const auto all = stats();
  ASSERT_EQ(all.size(), 2u);  // the standard actions are not among them
  EXPECT_EQ(all.at(ids.nothing).count, 1u);
  const auto& wall = all.at(ids.nothing).wall;
  EXPECT_GT(wall.minValue, 0);
  EXPECT_LT(wall.minValue, 5);
  EXPECT_EQ(wall.minValue, wall.maxValue);
  EXPECT_EQ(wall.minValue, wall.cumulatedValue);
  const auto& adds = all.at(ids.add);
  EXPECT_EQ(adds.count, 3u);
  EXPECT_LE(adds.wall.minValue, adds.wall.maxValue);
  EXPECT_GE(adds.wall.cumulatedValue, 2 * adds.wall.minValue + adds.wall.maxValue - 1e-6f);
  EXPECT_LE(adds.wall.cumulatedValue, adds.wall.minValue + 2 * adds.wall.maxValue + 1e-6f);
}

TEST_F(StatisticsTest, measureTheProcessorInTheMethodAndTheClockUpToTheAnswer) {
  // A kernel may count the time of threads in steps of 10 ms.
  const auto work = 20ms;
  std::optional<Reply<void>> waiting;
  ObjectBuilder builder;
  const auto works = builder.method("works", [&](Reply<void> reply) {
    const auto end = cpuTime() + work;
    while (cpuTime() < end) continue;
    waiting.emplace(std::move(reply));
  });
  bus.host.add(8, qi::mainObject, builder.build());
  peer.ask({8, qi::mainObject, qi::action::enableStats}, qi::encode(true));
  peer.call({8, qi::mainObject, works});
  ASSERT_TRUE(bus.loop.runUntil([&] { return waiting.has_value(); }));
  const auto end = cpuTime() + 50ms;
  while (cpuTime() < end) bus.loop.poll();
  (*waiting)({});
  EXPECT_EQ(peer.message().header.type, MessageType::reply);
  const auto measured = peer.ask({8, qi::mainObject, qi::action::stats}).as<AllStatistics>().at(works);
  const auto cpu = measured.user.cumulatedValue + measured.system.cumulatedValue;
  EXPECT_GE(cpu, 0.01f);
  EXPECT_LT(cpu, 0.05f);  // what happened between is no time of the method
  EXPECT_GE(measured.wall.cumulatedValue, 0.06f);
}

TEST_F(StatisticsTest, countLaterAnswersAndFailures) {
  enableStats(true);
  callLater();
  EXPECT_TRUE(stats().empty()) << "not answered yet";
  bus.sample.waiting[0].first(5);
  EXPECT_EQ(peer.message().as<int>(), 5);
  ask(ids.fail);
  ask(ids.forget);
  callLater();
  bus.sample.waiting[1].first.canceled();
  EXPECT_EQ(peer.message().header.type, MessageType::canceled);
  const auto all = stats();
  EXPECT_EQ(all.at(ids.later).count, 2u);
  EXPECT_EQ(all.at(ids.fail).count, 1u);
  EXPECT_EQ(all.at(ids.forget).count, 1u);
}

TEST_F(StatisticsTest, countPosts) {
  enableStats(true);
  post(ids.nothing);
  post(ids.add, 1, 2);
  const auto all = stats();
  EXPECT_EQ(all.at(ids.nothing).count, 1u);
  EXPECT_EQ(all.at(ids.add).count, 1u);
}

TEST_F(StatisticsTest, areClearedOnDemand) {
  enableStats(true);
  ask(ids.nothing);
  EXPECT_TRUE(ask(qi::action::clearStats).payload.empty());
  EXPECT_TRUE(stats().empty());
  ask(ids.nothing);
  EXPECT_EQ(stats().at(ids.nothing).count, 1u);
}

TEST_F(StatisticsTest, refuseArgumentsThatAreNone) {
  EXPECT_EQ(ask(qi::action::enableStats).errorText(), "ISerialization error Status Read Past End");
  EXPECT_EQ(ask(qi::action::enableTrace).errorText(), "ISerialization error Status Read Past End");
  EXPECT_FALSE(isTraceEnabled());
}

TEST_F(StatisticsTest, areReadThroughAProxy) {
  const auto object = bus.open();
  ASSERT_TRUE(bus.loop.await(object->call("enableStats", tuple(true))));
  ASSERT_TRUE(bus.loop.await(object->call("nothing", tuple())));
  const auto all = bus.loop.await(object->method<AllStatistics()>("stats").value()()).value();
  EXPECT_EQ(all.at(ids.nothing).count, 1u);
  std::vector<EventTrace> heard;
  const auto subscription =
      bus.loop
          .await(object->subscribe("traceObject",
                                   [&](const qi::Value& event) {
                                     heard.push_back(std::get<0>(qi::fromValue<std::tuple<EventTrace>>(event).value()));
                                   }))
          .value();
  ASSERT_TRUE(bus.loop.await(object->call("nothing", tuple())));
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard[0].slotId, ids.nothing);
}

}  // namespace
}  // namespace beckon::localbus
