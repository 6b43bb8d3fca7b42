#pragma once

#include "apps/watchdog/line_channel.hpp"
#include "core/run/log.hpp"
#include "gateway/control.hpp"

#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::apps {

// beckond-watchdog as beckond has it: started when there are control leases, told of every heartbeat and every end, and
// started anew when it dies or hangs. Until it says that it could stop the robot, nobody gets a lease.
class WatchdogProcess final : public gateway::Watchdog {
 public:
  // A watchdog says that it lives four times as often.
  static constexpr std::chrono::milliseconds silence{1000};
  // Before one that was silent is believed to be dead, and before one is started in the place of another.
  static constexpr std::chrono::milliseconds pause{200};

  // `bus`: where the directory is reached from here; `config`: beckond's configuration, where it says how to get in
  // (the directory is not our own), else empty; `turn`: the file by which this robot's watchdogs wait for each other.
  // `control` outlives it.
  WatchdogProcess(boost::asio::io_context& io, std::string bus, std::filesystem::path config,
                  std::filesystem::path turn, gateway::Control& control, run::Log log);
  ~WatchdogProcess() override;  // leaves it to itself: it ends when the robot rests

  void define(const std::vector<policy::Lease>& leases) override;
  void held(const policy::Lease& lease) override;
  void stop(const policy::Lease& lease) override;

 private:
  struct Stop {
    std::uint64_t number;
    std::vector<std::string> actions;
  };
  void start();
  run::Result<int> spawn();
  void received(const nlohmann::json& line);
  void await();
  void expect();
  void died();
  void sendStop(const std::string& lease, const Stop& stop);

  boost::asio::io_context& io_;
  const std::string bus_;
  const std::filesystem::path config_, turn_;
  gateway::Control& control_;
  run::Log log_;
  std::vector<policy::Lease> leases_;
  std::map<std::string, Stop> stops_;  // that it has not said to be done
  std::uint64_t lastNumber_ = 0, definition_ = 0;
  std::shared_ptr<watchdog::LineChannel> channel_;  // null: none is running
  int process_ = 0;
  localbus::Timer timer_;
  std::string told_;  // why it is not ready, as was told last
  bool isReady_ = false;
  bool isSuspect_ = false;  // it has been silent for too long, if we have listened
};

}  // namespace beckon::apps
