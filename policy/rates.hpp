#pragma once

#include "policy/rule.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace beckon::policy {

// How much of a rate is left: full at first, and again after one period without use.
class Bucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Takes one, or says that there is none.
  bool take(const Rate& rate, Time now);
  bool isFull(Time now) const { return full_ <= now; }

 private:
  // When it is full again (the virtual scheduling form of a leaky bucket): one number says it all, for any rate.
  Time full_ = Time::min();
};

// The buckets of all principals, shared by all sessions of one: several connections make no rate larger. They outlive
// views and changes of the policy: those that are full are forgotten, since a new one is full, too.
class Rates {
 public:
  std::shared_ptr<Bucket> of(std::string_view principal, std::string_view rule, Bucket::Time now);
  std::size_t count() const { return buckets_.size(); }

 private:
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Bucket>> buckets_;
  std::size_t sweepAt_ = 1024;
};

}  // namespace beckon::policy
