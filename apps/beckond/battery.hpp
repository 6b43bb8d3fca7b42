#pragma once

#include "directory/session.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace beckon::apps {

// The robot's battery as the services of its bus tell it: NAOqi's ALBattery and, of whether it is being charged,
// ALMemory. Asked now and then, since NAOqi offers no signal that every version has (docs/design/036). On the session's
// executor.
class Battery : public std::enable_shared_from_this<Battery> {
 public:
  struct Charge {
    int percent = 0;
    std::optional<bool> isCharging;
    friend bool operator==(const Charge&, const Charge&) = default;
  };
  // Absent: nobody on the bus knows.
  using Told = std::function<void(const std::optional<Charge>&)>;

  // Between two questions, and where the service is not there.
  static constexpr std::chrono::seconds pause{10}, absence{2};

  Battery(std::shared_ptr<directory::Session> bus, Told told);
  // Until stop(): told of each answer that differs from the one before.
  void start();
  void stop();

 private:
  boost::asio::awaitable<std::optional<Charge>> ask();
  boost::asio::awaitable<std::optional<bool>> askCharging();

  std::shared_ptr<directory::Session> bus_;
  Told told_;  // null: stopped
  localbus::Timer timer_;
};

}  // namespace beckon::apps
