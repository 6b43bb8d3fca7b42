#pragma once

#include "cloud-relay/fleet_store.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::relay {

// How many bytes each account has moved through the relay today (UTC), and whether it may move more. Counted in memory
// and written by save(): a relay that is killed loses what was moved since the last one. Times in.
class Usage {
 public:
  // Of one account, for as long as one of its streams is open.
  struct Counter {
    std::string account;
    std::int64_t day = 0;
    std::int64_t today = 0;    // bytes
    std::int64_t unsaved = 0;  // of them
  };

  // The store outlives it.
  Usage(FleetStore& store, std::int64_t bytesADay) : store_(store), bytesADay_(bytesADay) {}

  // Error overloaded where nothing may be moved any more today; those of the store.
  run::Result<std::shared_ptr<Counter>> begin(const std::string& account, WallTime now);
  // That many more of that account's. False: no more.
  bool move(Counter& counter, std::size_t bytes) const {
    counter.today += static_cast<std::int64_t>(bytes);
    counter.unsaved += static_cast<std::int64_t>(bytes);
    return counter.today < bytesADay_;
  }
  // Writes what was moved, and lets a new day begin. On an error it is kept, and written the next time.
  run::Result<> save(WallTime now);

 private:
  FleetStore& store_;
  std::int64_t bytesADay_;
  std::map<std::string, std::shared_ptr<Counter>, std::less<>> counters_;
};

}  // namespace beckon::relay
