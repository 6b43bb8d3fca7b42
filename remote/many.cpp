#include "remote/many.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>

namespace beckon::remote {

using boost::asio::awaitable;
using run::Code;
using run::Error;

namespace {

// Outlives askMany() where a robot is slower than that.
struct Round {
  Round(const boost::asio::any_io_executor& executor, Many from)
      : many(std::move(from)),
        isTold(many.robots.size(), false),
        open(many.robots.size()),
        ended(executor, std::chrono::steady_clock::now() + many.time) {}

  void tell(std::size_t number, const run::Result<qi::Value>& result) {
    isTold[number] = true;
    --open;
    many.told(many.robots[number], result);
    if (open == 0) ended.cancel();
  }

  Many many;
  std::vector<bool> isTold;
  std::size_t next = 0, open;
  bool isOver = false;
  boost::asio::steady_timer ended;
};

// One of those that ask.
awaitable<void> ask(std::shared_ptr<Round> round) {
  while (!round->isOver && round->next < round->many.robots.size()) {
    const auto number = round->next++;
    auto asked = round->many.ask(round->many.robots[number]);
    const auto result = co_await std::move(asked);
    if (!round->isOver) round->tell(number, result);
  }
}

std::string inSeconds(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

awaitable<void> askMany(boost::asio::any_io_executor executor, Many many) {
  if (many.robots.empty()) co_return;
  const auto round = std::make_shared<Round>(executor, std::move(many));
  for (std::size_t i = 0; i < std::min(round->many.atOnce, round->many.robots.size()); ++i)
    boost::asio::co_spawn(executor, ask(round), [](std::exception_ptr broken) {
      if (broken) std::rethrow_exception(broken);
    });
  co_await round->ended.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  round->isOver = true;
  const Error slow{Code::timedOut, "the robot did not answer within " + inSeconds(round->many.time),
                   "check that it is well, or allow more time"};
  const Error late{Code::timedOut, "its turn did not come within " + inSeconds(round->many.time) + ": it was not asked",
                   "allow more time, or name fewer robots"};
  for (std::size_t i = 0; i < round->isTold.size(); ++i)
    if (!round->isTold[i]) round->tell(i, i < round->next ? slow : late);
}

}  // namespace beckon::remote
