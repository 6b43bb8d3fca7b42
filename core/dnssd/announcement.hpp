#pragma once

#include "core/dnssd/robot_text.hpp"
#include "core/run/log.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace beckon::dnssd {

// Says in every network that this computer is in that there is a robot, under which name, at which addresses and port,
// for as long as it lives; takes it back at its end. It follows addresses and networks that change. Lives on
// `executor`.
class Announcement {
 public:
  struct Robot {
    std::string name;  // as people say it, at most 63 bytes; where it is taken, it becomes "NAME #2"
    RobotText text;
    std::uint16_t port;
    std::string address;  // the only one that answers; empty: all that this computer has
  };
  // `announced` is told the name each time that it is announced.
  Announcement(boost::asio::any_io_executor executor, Robot robot,
               std::function<void(const std::string& name)> announced, run::Log log);
  ~Announcement();
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;

  // Error unreachable: this computer has no multicast DNS.
  run::Result<> start();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace beckon::dnssd
