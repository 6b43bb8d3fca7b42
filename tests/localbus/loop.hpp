#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>

// The event loop of a test. Nothing happens on it but inside these calls, and none of them waits for longer than
// it says.
namespace beckon::test {

class Loop {
 public:
  using Duration = std::chrono::steady_clock::duration;
  // More than anything here takes on a busy machine, less than a test's own limit.
  static constexpr Duration patience = std::chrono::seconds(10);

  boost::asio::io_context io{1};

  // Runs until `done` says so; false if it did not in time.
  bool runUntil(const std::function<bool()>& done, Duration limit = patience) {
    const auto end = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!done()) {
      const auto left = end - std::chrono::steady_clock::now();
      if (left <= Duration::zero()) return false;
      // What it waits for may happen elsewhere: in a child process.
      if (io.run_one_for(std::min<Duration>(left, std::chrono::milliseconds(20))) == 0) io.restart();
    }
    return true;
  }

  // Runs what is ready now.
  void poll() {
    io.restart();
    io.poll();
  }

  // Runs a coroutine to its end. Throws if it takes too long.
  template <class T>
  T await(boost::asio::awaitable<T> coroutine, Duration limit = patience) {
    struct Outcome {
      std::exception_ptr problem;
      std::optional<T> value;
    };
    const auto outcome = std::make_shared<Outcome>();
    boost::asio::co_spawn(io, std::move(coroutine), [outcome](std::exception_ptr problem, T value) {
      outcome->problem = problem;
      outcome->value.emplace(std::move(value));
    });
    if (!runUntil([&] { return outcome->value.has_value(); }, limit))
      throw std::runtime_error("the coroutine did not end in time");
    if (outcome->problem) std::rethrow_exception(outcome->problem);
    return std::move(*outcome->value);
  }
};

}  // namespace beckon::test
