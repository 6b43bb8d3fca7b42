#pragma once

#include "policy/pattern.hpp"
#include "policy/time_window.hpp"
#include "policy/words.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace beckon::policy {

// So many in such a time: of each principal, by whatever door. After a pause all of them may come at once.
struct Rate {
  std::uint32_t count = 0;
  std::chrono::nanoseconds period{0};
  bool operator==(const Rate&) const = default;
};

// The conditions of a rule, and what it asks of whoever carries out what it grants. Absent: none.
struct Limits {
  std::optional<Rate> rate;
  std::optional<std::size_t> payload;                 // bytes of the arguments as they came
  std::optional<std::chrono::milliseconds> deadline;  // the longest a call may take
  std::vector<TimeWindow> times;                      // one of them is open; none: always
  bool logsArguments = false;                         // audit = "arguments"
};

// One rule of a policy file. Rules only grant: what no rule grants is refused.
struct Rule {
  std::string name;  // unique in its policy
  std::vector<PrincipalPattern> who;
  Verbs may;
  std::vector<MemberPattern> on, except;
  Door door = Door::iq;  // the least that is trusted enough: iq is any door
  Limits limits;

  // Whether it is about this member, or with an empty member about all of the service.
  bool covers(std::string_view service, std::string_view member) const;
};

}  // namespace beckon::policy
