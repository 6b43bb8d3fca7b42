#pragma once

#include "core/dnssd/robot_text.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace beckon::dnssd {

// A robot that says that it is there. Everything of it is a claim.
struct FoundRobot {
  std::string name;
  RobotText text;
  std::uint16_t port = 0;
  std::vector<std::string> addresses;  // IPv4 first; none that is good on one interface only
};

// Long enough for two questions and their answers (RFC 6762 section 5.2: the second after a second).
inline constexpr std::chrono::milliseconds lookTime{1500};

// Asks in every network of this computer which robots there are, for `lookTime` or until one is `enough`. What
// announces itself in another form is left out. Error unreachable: this computer has no multicast DNS.
boost::asio::awaitable<run::Result<std::vector<FoundRobot>>> findRobots(std::function<bool(const FoundRobot&)> enough =
                                                                            [](const FoundRobot&) { return false; });

}  // namespace beckon::dnssd
