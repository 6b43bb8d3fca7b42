#pragma once

#include "core/run/error.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

namespace beckon::xmpp {

// How long to wait before the next attempt to come online, without a clock of its own: the n-th waits uniformly in
// [0, min(first * 2^n, longest)], so that a fleet that lost its server does not come back all at once.
class Retry {
 public:
  using Duration = std::chrono::milliseconds;

  Retry(Duration first, Duration longest, std::mt19937::result_type seed)
      : first_(first), longest_(longest), random_(seed) {}

  // `hopeless`: somebody has to change something first (a password, a certificate); asked at the slowest pace.
  Duration next(bool hopeless) {
    const auto most = hopeless ? longest_ : std::min(longest_, first_ * (1 << std::min(attempts_, 16)));
    ++attempts_;
    const auto least = hopeless ? most / 2 : Duration(0);
    return Duration(std::uniform_int_distribution<Duration::rep>(least.count(), most.count())(random_));
  }
  // Something has changed by which the next attempt may do better than those before.
  Duration anew() {
    attempts_ = 0;
    return next(false);
  }
  void succeeded() { attempts_ = 0; }

 private:
  Duration first_, longest_;
  int attempts_ = 0;
  std::mt19937 random_;
};

// For people.
inline std::string inSeconds(std::chrono::milliseconds time) { return std::to_string(time.count() / 1000) + " s"; }

// Why an attempt that took so long is given up, and a connection on which nothing has come for so long.
inline run::Error tookTooLong(std::chrono::milliseconds time) {
  return {run::Code::timedOut, "the connection to the server did not come about within " + inSeconds(time),
          "look into the server's log, and check this machine's network"};
}
inline run::Error wasSilent(std::chrono::steady_clock::duration time) {
  return {run::Code::timedOut,
          "nothing came from the server for " + inSeconds(std::chrono::duration_cast<std::chrono::milliseconds>(time)) +
              ", not even an answer to a ping",
          "check this machine's network, and that the server runs"};
}

}  // namespace beckon::xmpp
