#pragma once

#include "directory/service.hpp"
#include "examples/lamp.hpp"

#include <boost/asio/steady_timer.hpp>

// The lamp of the examples, for tests.
namespace beckon::test {

struct TestLamp {
  TestLamp() {
    lamp.turn = [this](bool on) { lamp.level.set(on ? 100 : 0); };
    lamp.fade = [this](std::int32_t to) -> bus::Awaitable<std::int32_t> {
      if (to < 0) co_return run::Error{run::Code::callFailed, "no lamp is darker than dark", {}};
      boost::asio::steady_timer step(co_await boost::asio::this_coro::executor, std::chrono::milliseconds(1));
      if (to == never) step.expires_at(std::chrono::steady_clock::time_point::max());
      co_await step.async_wait(boost::asio::use_awaitable);
      const auto way = to - lamp.level.get();
      lamp.level.set(to);
      co_return way;
    };
    lamp.level.onSet([](const std::int32_t& level) -> run::Result<> {
      if (level > 100) return run::Error{run::Code::refused, "the level ends at 100", {}};
      return {};
    });
  }
  static constexpr std::int32_t never = 1000;  // fading to it takes for ever
  Lamp<bus::Service> lamp;
};

}  // namespace beckon::test
