#include "cloud-relay/usage.hpp"

#include <chrono>

namespace beckon::relay {

using run::Code;
using run::Error;
using run::Result;

namespace {

std::int64_t dayOf(WallTime now) { return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count(); }

}  // namespace

Result<std::shared_ptr<Usage::Counter>> Usage::begin(const std::string& account, WallTime now) {
  const auto day = dayOf(now);
  auto found = counters_.find(account);
  if (found == counters_.end() || found->second->day != day) {
    // What an open counter of yesterday holds is still to be written.
    if (found != counters_.end())
      if (const auto saved = save(now); !saved) return saved.error();
    const auto before = store_.moved(account, day);
    if (!before) return before.error();
    found = counters_.try_emplace(account).first;
    if (!found->second) found->second = std::make_shared<Counter>();
    *found->second = {account, day, *before, 0};
  }
  if (found->second->today >= bytesADay_)
    return Error{Code::overloaded,
                 account + " has moved " + std::to_string(found->second->today) +
                     " bytes through the relay today, and may move " + std::to_string(bytesADay_),
                 "wait until the day is over (UTC), or ask who runs the relay for more: bytestreams.bytes_a_day"};
  return found->second;
}

Result<> Usage::save(WallTime now) {
  std::vector<Moved> moved;
  for (const auto& [account, counter] : counters_)
    if (counter->unsaved > 0) moved.push_back({account, counter->day, counter->unsaved});
  if (const auto kept = store_.addMoved(moved); !kept) return kept.error();
  const auto day = dayOf(now);
  for (auto at = counters_.begin(); at != counters_.end();) {
    auto& counter = *at->second;
    counter.unsaved = 0;
    if (counter.day != day) counter = {counter.account, day, 0, 0};
    at = at->second.use_count() == 1 ? counters_.erase(at) : std::next(at);
  }
  return {};
}

}  // namespace beckon::relay
