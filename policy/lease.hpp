#pragma once

#include "policy/pattern.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::policy {

// A control lease as a policy file names it: exclusive control of what it covers, for whoever keeps it by a heartbeat.
struct Lease {
  // A method without arguments that brings the robot to rest.
  struct Stop {
    std::string service, member;
    bool operator==(const Stop&) const = default;
    // "Motion.stop". Error badArguments: not one method of one service.
    static run::Result<Stop> parse(std::string_view text);
    std::string written() const { return service + "." + member; }
  };

  std::string name;
  std::vector<MemberPattern> on;
  // A holder says so this often, and has lost it so long after the last time that he did: three may be lost.
  std::chrono::milliseconds heartbeat{500}, lapse{2000};
  std::chrono::milliseconds longest = std::chrono::minutes(10);  // then it has to be taken anew
  std::vector<Stop> stop;                                        // one at least

  bool covers(std::string_view service, std::string_view member) const;
  // Whether a member may be covered by both.
  bool meets(const Lease& other) const;
  bool operator==(const Lease&) const;
};

}  // namespace beckon::policy
