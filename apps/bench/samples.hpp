#pragma once

#include <chrono>
#include <vector>

namespace beckon::bench {

// Times that were taken, and what they come to.
class Samples {
 public:
  void add(std::chrono::nanoseconds taken) { taken_.push_back(taken); }
  std::size_t size() const { return taken_.size(); }
  // In seconds: the sample below or at which that share of all lies (the nearest rank); 0 where there is none.
  double at(double share) const;

 private:
  std::vector<std::chrono::nanoseconds> taken_;
};

// When each of `count` begins, spread evenly over that time; all at once where it is 0.
std::chrono::nanoseconds turnOf(std::size_t index, std::size_t count, std::chrono::nanoseconds spread);

}  // namespace beckon::bench
