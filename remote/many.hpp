#pragma once

#include "core/qi/value.hpp"
#include "core/run/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace beckon::remote {

// The same, asked of many robots.
struct Many {
  std::vector<std::string> robots;   // accounts, each once
  std::chrono::milliseconds time{};  // for all of them together
  // Under way at a time: as many as a server with the usual limits lets pass within a second.
  std::size_t atOnce = 32;
  std::function<boost::asio::awaitable<run::Result<qi::Value>>(std::string robot)> ask;
  // Of each robot once, in the order in which they answer.
  std::function<void(const std::string& robot, const run::Result<qi::Value>& result)> told;
};

// Until each robot has been told of; after `time`, as timedOut, those that have not answered and those whose turn did
// not come. What is still under way then ends by itself, and is not told of again.
boost::asio::awaitable<void> askMany(boost::asio::any_io_executor executor, Many many);

}  // namespace beckon::remote
