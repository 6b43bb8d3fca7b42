#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace beckon::run {

// For what a coroutine waits for and wants to know the end of, not an exception: co_await gives a tuple whose first is
// the error_code.
constexpr auto completion = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace beckon::run
