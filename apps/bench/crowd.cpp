#include "apps/bench/crowd.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace beckon::bench {

using boost::asio::awaitable;

namespace {

constexpr std::chrono::seconds ownerDeadline{30}, changeDeadline{10}, askDeadline{30};

}  // namespace

Crowd::Crowd(boost::asio::any_io_executor executor, RobotSettings settings, xmpp::ClientStreamConfig owner,
             std::size_t count, run::Log log)
    : settings_(std::move(settings)),
      owner_(executor, std::move(owner),
             {.seen =
                  [this](const xmpp::Jid& account) {
                    if (awaited_ == account) awaited_.reset();
                    happened_.cancel();
                  },
              .closed =
                  [this](const run::Error& why) {
                    ownerLost_ = why;
                    happened_.cancel();
                  }},
             log),
      happened_(executor),
      turns_(count),
      came_(count) {
  for (std::size_t i = 0; i < count; ++i) {
    BenchRobot::Events events{.online =
                                  [this, i] {
                                    if (!came_[i]) came_[i] = Clock::now();
                                    happened_.cancel();
                                  },
                              .failed = [this] { ++failures_; }};
    robots_.emplace_back(executor, settings_, BenchRobot::nameOf(i + 1), std::move(events), log);
  }
}

awaitable<bool> Crowd::until(const std::function<bool()>& isSo, Clock::time_point end) {
  while (!isSo()) {
    if (Clock::now() >= end || ownerLost_) co_return false;
    happened_.expires_at(end);
    co_await happened_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  co_return true;
}

awaitable<void> Crowd::pause(std::chrono::nanoseconds time) {
  boost::asio::steady_timer timer(happened_.get_executor(), time);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

awaitable<run::Result<>> Crowd::logInOwner() {
  owner_.start();
  const std::function<bool()> isOnline = [this] { return owner_.online(); };
  const auto end = Clock::now() + ownerDeadline;
  // Nothing tells us when he comes online but his own presence, which is no other's: looked at now and then.
  while (!isOnline()) {
    if (ownerLost_) co_return *ownerLost_;
    if (Clock::now() >= end)
      co_return run::Error{run::Code::timedOut, "the owner's stream does not come online",
                           "look into the server's log"};
    co_await pause(std::chrono::milliseconds(10));
  }
  co_return run::Result<>();
}

awaitable<Crowd::Storm> Crowd::logIn(std::chrono::nanoseconds spread, std::chrono::nanoseconds longest) {
  std::ranges::fill(came_, std::nullopt);
  failures_ = 0;
  const auto begun = Clock::now();
  for (std::size_t i = 0; i < robots_.size(); ++i) {
    turns_[i] = begun + turnOf(i, robots_.size(), spread);
    if (const auto now = Clock::now(); now < turns_[i]) co_await pause(turns_[i] - now);
    robots_[i].logIn();
  }
  const std::function<bool()> isThere = [this] { return owner_.present() == robots_.size(); };
  Storm out;
  out.isComplete = co_await until(isThere, begun + longest);
  out.whole = Clock::now() - begun;
  for (std::size_t i = 0; i < robots_.size(); ++i)
    if (came_[i]) out.taken.add(*came_[i] - turns_[i]);
  out.failures = failures_;
  co_return out;
}

awaitable<bool> Crowd::logOut(std::chrono::nanoseconds longest) {
  for (auto& robot : robots_) robot.logOut();
  const std::function<bool()> isGone = [this] { return owner_.present() == 0; };
  const auto end = Clock::now() + longest;
  co_return co_await until(isGone, end);
}

awaitable<bool> Crowd::untilStated(std::chrono::nanoseconds longest) {
  const std::function<bool()> areStated = [this] {
    return std::ranges::all_of(robots_, [](const BenchRobot& robot) { return robot.isTold(); });
  };
  const auto end = Clock::now() + longest;
  co_return co_await until(areStated, end);
}

awaitable<Crowd::Changes> Crowd::change(std::size_t count) {
  const std::function<bool()> isSeen = [this] { return !awaited_; };
  Changes out;
  for (std::size_t i = 0; i < count; ++i) {
    auto& robot = robots_[i % robots_.size()];
    awaited_ = robot.account();
    const auto begun = Clock::now();
    robot.change();
    if (co_await until(isSeen, begun + changeDeadline))
      out.taken.add(Clock::now() - begun);
    else
      ++out.lost;
    awaited_.reset();
  }
  co_return out;
}

awaitable<Crowd::Asked> Crowd::ask(std::size_t atATime, std::chrono::nanoseconds time) {
  asked_ = {};
  isAsking_ = true;
  for (std::size_t i = 0; i < std::min(atATime, robots_.size()); ++i) askNext(i, atATime);
  co_await pause(time);
  const auto out = asked_;
  isAsking_ = false;
  const std::function<bool()> areDone = [this] { return asking_ == 0; };
  const auto end = Clock::now() + askDeadline;
  co_await until(areDone, end);
  co_return out;
}

void Crowd::askNext(std::size_t robot, std::size_t step) {
  ++asking_;
  robots_[robot].ask([this, robot, step](bool isAnswered) {
    --asking_;
    ++(isAnswered ? asked_.answered : asked_.failed);
    if (!isAsking_ || !isAnswered) return void(happened_.cancel());
    askNext((robot + step) % robots_.size(), step);
  });
}

void Crowd::stop() {
  isAsking_ = false;
  for (auto& robot : robots_) robot.logOut();
  owner_.stop();
}

}  // namespace beckon::bench
