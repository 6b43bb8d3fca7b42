#pragma once

#include "localbus/statistics.hpp"
#include "tests/localbus/sample.hpp"

#include <gtest/gtest.h>

// A service whose statistics and trace a raw client asks for.
namespace beckon::test {

using AllStatistics = std::map<std::uint32_t, localbus::MethodStatistics>;

class RecorderFixture : public testing::Test {
 protected:
  RecorderFixture() { peer.authenticate(); }

  template <class... Args>
  Frame ask(std::uint32_t action, const Args&... args) {
    return peer.ask(SampleBus::member(action), qi::encodeAll({}, args...));
  }
  template <class... Args>
  void post(std::uint32_t action, const Args&... args) {
    peer.send({99, 0, 0, qi::MessageType::post, 0, SampleBus::member(action)}, qi::encodeAll({}, args...));
  }
  AllStatistics stats() { return ask(qi::action::stats).as<AllStatistics>(); }
  void enableStats(bool enable) { EXPECT_TRUE(ask(qi::action::enableStats, enable).payload.empty()); }
  bool isTraceEnabled() { return ask(qi::action::isTraceEnabled).as<bool>(); }
  Frame subscribe() { return ask(qi::action::registerEvent, sampleService, qi::action::traceObject, std::uint64_t{4}); }
  // The next message, which has to be one line of the trace.
  localbus::EventTrace traced() {
    const auto frame = peer.message();
    EXPECT_EQ(frame.header.type, qi::MessageType::event);
    EXPECT_EQ(frame.header.address, SampleBus::member(qi::action::traceObject));
    return frame.as<localbus::EventTrace>();
  }
  static std::vector<qi::Value> arguments(const localbus::EventTrace& event) {
    const auto* list = event.arguments.inner().as<qi::List>();
    return list ? list->items : std::vector<qi::Value>();
  }
  template <class... Args>
  std::uint32_t call(std::uint32_t action, const Args&... args) {
    return peer.call(SampleBus::member(action), qi::encodeAll({}, args...));
  }
  std::uint32_t callLater() {
    const auto before = bus.sample.waiting.size();
    const auto id = call(ids.later, 1);
    EXPECT_TRUE(bus.loop.runUntil([&] { return bus.sample.waiting.size() > before; }));
    return id;
  }

  SampleBus bus;
  const decltype(bus.sample.ids)& ids = bus.sample.ids;
  RawPeer peer{bus.loop, bus.endpoint};
};

}  // namespace beckon::test
