#pragma once

#include "core/run/unique_function.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace beckon::localbus {

namespace asio = boost::asio;

// Turns a function that takes a handler into something to co_await:
//
//   const auto result = co_await awaiting<run::Result<int>>([&](auto done) { start(std::move(done)); });
//
// `done` is called once, on the executor of the coroutine.
template <class T, class Start>
asio::awaitable<T> awaiting(Start start) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(T)>(
      [start = std::move(start)](auto handler) mutable { start(run::UniqueFunction<void(T)>(std::move(handler))); },
      asio::use_awaitable);
}

}  // namespace beckon::localbus
