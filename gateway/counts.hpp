#pragma once

#include "core/run/metrics.hpp"
#include "policy/audit/entry.hpp"

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

namespace beckon::gateway {

// What the record tells, as numbers (docs/metrics.md): given each entry, it counts requests, refusals and how long
// members took. Labels are names of the bus and of the policy only: of what is refused, which anybody may make up, what
// decided it alone.
class Counts {
 public:
  // `metrics` outlives it.
  explicit Counts(run::Metrics& metrics) : metrics_(metrics) {}
  Counts(const Counts&) = delete;
  Counts& operator=(const Counts&) = delete;

  void count(const policy::audit::Entry& entry);

 private:
  // What is counted for one member by one door and verb, kept so that a call costs one look.
  struct Member {
    std::string door, verb, service, member;
    std::array<run::Metrics::Counter*, 8> outcomes{};
    run::Metrics::Histogram* times = nullptr;
  };
  Member& member(const policy::audit::Entry& entry);
  void requested(const policy::audit::Entry& entry);

  run::Metrics& metrics_;
  std::unordered_map<std::string, Member> members_;
  std::string key_;  // for looking up without allocating
};

}  // namespace beckon::gateway
