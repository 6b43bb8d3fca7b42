#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace beckon::policy {

// Wrong tokens by address: who guesses waits. 256 random bits are not found by trying; this keeps the trying from
// filling the log and the processor, and shows it. Bytes and times in, no I/O.
class Guesses {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // That many at once: a person who picks the wrong file, a program that tries each of a few tokens.
  static constexpr int atOnce = 5;
  // Then one each so often.
  static constexpr std::chrono::seconds perGuess{10};
  // That are remembered; some 200 bytes each. Above it the one that is nearest to being forgiven is forgotten.
  static constexpr std::size_t maxAddresses = 4096;

  // How long that address has to wait before it is heard; zero: it may try.
  Duration wait(std::string_view address, Time now) const;
  // It was wrong.
  void failed(std::string_view address, Time now);
  std::size_t addresses() const { return forgiven_.size(); }

 private:
  void forget(Time now);

  std::map<std::string, Time, std::less<>> forgiven_;  // when nothing is held against the address any more
  std::set<std::pair<Time, std::string>> order_;       // the same by time
};

}  // namespace beckon::policy
