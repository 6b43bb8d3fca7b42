#pragma once

#include "directory/service_directory.hpp"
#include "directory/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <tuple>

namespace beckon::test {

using Milliseconds = std::chrono::milliseconds;

// A directory on a loopback port and one event loop for everything on it.
class RobotBus {
 public:
  explicit RobotBus(const localbus::Endpoint& at = {"127.0.0.1", 0}) { open(at); }
  ~RobotBus() {
    directory_.reset();
    io.poll();
  }

  const localbus::Endpoint& endpoint() const { return endpoint_; }
  void open(const localbus::Endpoint& at) {
    directory_.emplace(io, machine, run::silentLog());
    const auto started = directory_->start(at);
    if (!started) throw std::runtime_error(started.error().cause);
    endpoint_ = *started;
  }
  void close() { directory_.reset(); }

  // Runs the loop until it holds; false if that takes longer.
  template <class Condition>
  bool runUntil(Condition holds, Milliseconds longest = Milliseconds(10'000)) {
    const auto end = std::chrono::steady_clock::now() + longest;
    while (!holds()) {
      const auto left = end - std::chrono::steady_clock::now();
      if (left <= left.zero()) return false;
      io.restart();
      io.run_one_for(left);
    }
    return true;
  }

  // What is under way; its result once it is there.
  template <class T>
  std::shared_ptr<std::optional<T>> start(boost::asio::awaitable<T> work) {
    auto result = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(io, std::move(work), [result](std::exception_ptr broken, T value) {
      if (broken) std::rethrow_exception(broken);
      *result = std::move(value);
    });
    return result;
  }

  template <class T>
  T await(boost::asio::awaitable<T> work) {
    const auto result = start(std::move(work));
    if (!runUntil([&] { return result->has_value(); })) throw std::runtime_error("no result in 10 s");
    return std::move(**result);
  }

  // A client on the machine of that id.
  std::shared_ptr<directory::Session> session(const std::string& machineId = machine) {
    directory::Session::Options options;
    options.machineId = machineId;
    return await(directory::Session::connect(io, endpoint_, options, run::silentLog())).value();
  }

  static constexpr const char* machine = "6f1f3f5c-0000-4000-8000-000000000001";
  boost::asio::io_context io{1};

 private:
  std::optional<directory::ServiceDirectory> directory_;
  localbus::Endpoint endpoint_;
};

template <class... Args>
qi::Value arguments(const Args&... each) {
  return qi::Tuple{{qi::toValue(each)...}, {}};
}

}  // namespace beckon::test
