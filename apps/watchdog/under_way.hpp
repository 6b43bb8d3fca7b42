#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace beckon::watchdog {

// Stops that are being carried out. There may be several for one lease, by the clock and by beckond: that they are done
// is told when the last of them is, so that none comes to who has the lease next.
class UnderWay {
 public:
  struct Done {
    std::uint64_t number;                // beckond's
    std::optional<std::string> problem;  // none: the robot rests
  };

  void begin(const std::string& lease) { ++all_[lease].count; }
  // One of them is over; without a number nobody waits for it. What may be told now.
  std::vector<Done> end(const std::string& lease, std::optional<std::uint64_t> number,
                        const std::optional<std::string>& problem) {
    const auto found = all_.find(lease);
    if (number) found->second.done.push_back({*number, problem});
    if (--found->second.count > 0) return {};
    auto out = std::move(found->second.done);
    all_.erase(found);
    return out;
  }
  bool isEmpty() const { return all_.empty(); }

 private:
  struct OfOne {
    int count = 0;
    std::vector<Done> done;
  };
  std::map<std::string, OfOne> all_;
};

}  // namespace beckon::watchdog
