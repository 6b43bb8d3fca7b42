#pragma once

#include "apps/watchdog/line_channel.hpp"
#include "apps/watchdog/stops.hpp"
#include "apps/watchdog/turn.hpp"
#include "apps/watchdog/under_way.hpp"
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
  // How often it says that it lives, and whether it could do its work; and how long after one look at that it begins
  // the next.
  static constexpr std::chrono::milliseconds period{250};

  // `socket`: to beckond, which says in its first line how the bus is reached.
  Watchdog(boost::asio::io_context& io, int socket, run::Log log);
  // SIGTERM: as if beckond had gone. What is held is stopped: no heartbeat can come any more.
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
  void know(std::uint64_t definition, std::optional<std::string> why);
  void say();
  void endIfDone();

  boost::asio::io_context& io_;
  run::Log log_;
  std::shared_ptr<LineChannel> channel_;
  std::shared_ptr<directory::Session> session_;
  std::shared_ptr<Stops> stops_;
  Vigil vigil_;
  std::map<std::string, Stops::Actions> actions_;  // by lease
  UnderWay underWay_;
  Turn turn_;
  localbus::Timer due_, look_, life_;
  std::uint64_t definition_ = 0;  // the number of what it has to be ready for
  // What the last look showed: for which definition, and why it could not do its work.
  std::uint64_t known_ = 0;
  std::optional<std::string> whyNot_;
  bool isAlone_ = false, isOver_ = false;
};

}  // namespace beckon::watchdog
