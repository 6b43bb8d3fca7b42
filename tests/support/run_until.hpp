#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>

namespace beckon::test {

// Runs `io` until `done()`; false if that takes longer than `limit`.
template <class Done>
bool runUntil(boost::asio::io_context& io, Done done, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  const auto work = boost::asio::make_work_guard(io);
  const auto end = std::chrono::steady_clock::now() + limit;
  io.restart();
  while (!done() && std::chrono::steady_clock::now() < end) io.run_one_until(end);
  return done();
}

}  // namespace beckon::test
