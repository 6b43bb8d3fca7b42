#pragma once

#include "directory/session.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace beckon::sim {

// Keeps services registered on a bus: while the directory is not there, goes away or has one of the names already, it
// tries again and says so in the log. Lives on the executor of `io` and must outlive run().
class BusPresence {
 public:
  // Between two tries; doubled after each, back to the first once registered.
  static constexpr localbus::Duration firstWait = std::chrono::milliseconds(200);
  static constexpr localbus::Duration longestWait = std::chrono::seconds(2);
  // How long stop() waits for a directory that does not answer.
  static constexpr localbus::Duration farewell = std::chrono::seconds(1);

  using Services = std::vector<std::pair<std::string, std::shared_ptr<localbus::Object>>>;

  // `ready` is called each time that all services are registered.
  BusPresence(boost::asio::io_context& io, localbus::Endpoint directory, directory::Session::Options options,
              Services services, std::function<void()> ready, run::Log log);

  // Until stop(). All services are registered, or none.
  boost::asio::awaitable<void> run();
  // Unregisters; run() returns afterwards.
  void stop();

 private:
  boost::asio::awaitable<run::Result<>> enter();
  boost::asio::awaitable<void> leave();
  boost::asio::awaitable<void> pause(localbus::Duration time);
  void complain(const run::Error& error, localbus::Duration wait);

  boost::asio::io_context& io_;
  localbus::Endpoint directory_;
  directory::Session::Options options_;
  Services services_;
  std::function<void()> ready_;
  run::Log log_;
  localbus::Timer pause_, farewell_;
  std::shared_ptr<directory::Session> session_;
  std::vector<std::uint32_t> ids_;
  run::Error lost_;
  std::string complained_;
  bool stopping_ = false;
};

}  // namespace beckon::sim
