#pragma once

#include "apps/watchdog/line_channel.hpp"
#include "apps/watchdog/stops.hpp"
#include "apps/watchdog/vigil.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace beckon::watchdog {

// The small process that brings the robot to rest when the heartbeats of a control lease cease, whatever has become of
// beckond (docs/protocol/watchdog.md, docs/design/027). It does nothing else.
class Watchdog {
 public:
  // How often it looks whether it could do its work, and says so.
  static constexpr std::chrono::milliseconds period{250};

  // `socket`: to beckond, which says in its first line how the bus is reached.
  Watchdog(boost::asio::io_context& io, int socket, run::Log log);
  // SIGTERM: as if beckond had gone.
  void leave();
  // Whether it has nothing to do any more.
  bool isOver() const { return isOver_; }

 private:
  void received(const nlohmann::json& line);
  void begin(const nlohmann::json& line);
  void define(const nlohmann::json& leases, std::uint64_t number);
  void stop(const std::string& lease, const Stops::Actions& actions, std::optional<std::uint64_t> number);
  void watch();
  void lookAround();
  void endIfDone();

  boost::asio::io_context& io_;
  run::Log log_;
  std::shared_ptr<LineChannel> channel_;
  std::shared_ptr<directory::Session> session_;
  std::shared_ptr<Stops> stops_;
  Vigil vigil_;
  std::map<std::string, Stops::Actions> actions_;  // by lease
  int stopping_ = 0;                               // so many are being carried out
  localbus::Timer due_, look_;
  std::uint64_t definition_ = 0;  // the number of what it has to be ready for
  bool isAlone_ = false, isOver_ = false;
};

}  // namespace beckon::watchdog
