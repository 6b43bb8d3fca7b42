#pragma once

#include "core/run/error.hpp"

#include <string>
#include <vector>

// What a robot's LAN door says of itself by DNS-SD (RFC 6763, docs/design/029). Anybody in the network can say the same
// of himself: a client believes the key only once the robot has shown in TLS that it has it.
namespace beckon::dnssd {

inline constexpr const char* serviceType = "_beckon._tcp";

struct RobotText {
  std::string machineId;
  std::string key;  // "SHA256:" and 64 small hex digits: of the door's certificate
  bool operator==(const RobotText&) const = default;
};

// The strings of the TXT record.
std::vector<std::string> writeText(const RobotText& text);
// The first of each key counts, whatever its case; others are passed over (RFC 6763 section 6.4). Error protocolError:
// one is missing, or is not of the form that ours has.
run::Result<RobotText> readText(const std::vector<std::string>& strings);

}  // namespace beckon::dnssd
