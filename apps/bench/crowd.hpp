#pragma once

#include "apps/bench/bench_robot.hpp"
#include "apps/bench/onlooker.hpp"
#include "apps/bench/samples.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace beckon::bench {

// Robots in one process, on one thread, and the owner whom they are told to. All on one executor.
class Crowd {
 public:
  using Clock = std::chrono::steady_clock;

  Crowd(boost::asio::any_io_executor executor, RobotSettings settings, xmpp::ClientStreamConfig owner,
        std::size_t count, run::Log log);

  struct Storm {
    Samples taken;                     // of each robot: from its turn until its presence was announced
    std::chrono::nanoseconds whole{};  // from the first turn until the owner had seen everybody
    std::size_t failures = 0;          // attempts, and sessions that ended
    bool isComplete = false;
  };

  // Error of his stream; timed-out.
  boost::asio::awaitable<run::Result<>> logInOwner();
  // Each has its turn within `spread`. Over when the owner has seen everybody, or after `longest`.
  boost::asio::awaitable<Storm> logIn(std::chrono::nanoseconds spread, std::chrono::nanoseconds longest);
  // Over when the owner sees nobody; false: not in `longest`.
  boost::asio::awaitable<bool> logOut(std::chrono::nanoseconds longest);
  // Until each robot has what the owner has signed.
  boost::asio::awaitable<bool> untilStated(std::chrono::nanoseconds longest);

  struct Changes {
    Samples taken;  // from the change of a robot's presence until the owner has it
    std::size_t lost = 0;
  };
  // One change after the other, of robots in turn.
  boost::asio::awaitable<Changes> change(std::size_t count);

  struct Asked {
    std::size_t answered = 0, failed = 0;
  };
  // What BenchRobot::ask() asks, by so many robots at a time.
  boost::asio::awaitable<Asked> ask(std::size_t atATime, std::chrono::nanoseconds time);

  // Why the owner's stream has ended: what waits for him to see something gives up then.
  const std::optional<run::Error>& ownerLost() const { return ownerLost_; }
  boost::asio::awaitable<void> pause(std::chrono::nanoseconds time);
  void stop();

 private:
  boost::asio::awaitable<bool> until(const std::function<bool()>& isSo, Clock::time_point end);
  void askNext(std::size_t robot, std::size_t step);

  RobotSettings settings_;
  std::deque<BenchRobot> robots_;
  Onlooker owner_;
  std::optional<run::Error> ownerLost_;
  boost::asio::steady_timer happened_;  // cancelled by whatever somebody may wait for
  std::vector<Clock::time_point> turns_;
  std::vector<std::optional<Clock::time_point>> came_;  // of each robot, in this storm
  std::size_t failures_ = 0;
  std::optional<xmpp::Jid> awaited_;  // whose change is on its way
  bool isAsking_ = false;
  std::size_t asking_ = 0;
  Asked asked_;
};

}  // namespace beckon::bench
