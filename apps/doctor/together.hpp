#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <vector>

namespace beckon::doctor {

// What all of them give, in their order, run at once. None throws; each has a deadline of its own.
template <class T>
boost::asio::awaitable<std::vector<T>> together(std::vector<boost::asio::awaitable<T>> all) {
  namespace asio = boost::asio;
  struct State {
    std::vector<T> results;
    std::size_t running;
    asio::steady_timer ended;
  };
  const auto executor = co_await asio::this_coro::executor;
  const auto state = std::make_shared<State>(State{
      std::vector<T>(all.size()), all.size(), asio::steady_timer(executor, asio::steady_timer::time_point::max())});
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto came = [state, i](std::exception_ptr, T result) {
      state->results[i] = std::move(result);
      if (--state->running == 0) state->ended.cancel();
    };
    asio::co_spawn(executor, std::move(all[i]), std::move(came));
  }
  if (state->running > 0) co_await state->ended.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return std::move(state->results);
}

}  // namespace beckon::doctor
