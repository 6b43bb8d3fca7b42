#pragma once

#include "apps/sim/clock.hpp"

namespace beckon::test {

// Time that only the test moves.
class ManualClock final : public sim::Clock {
 public:
  sim::Time now() const override { return now_; }
  sim::WallTime wall() const override { return wall_; }
  void advance(double seconds) {
    const std::chrono::duration<double> step(seconds);
    now_ += std::chrono::duration_cast<sim::Time::duration>(step);
    wall_ += std::chrono::duration_cast<sim::WallTime::duration>(step);
  }

 private:
  sim::Time now_{};
  sim::WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace beckon::test
