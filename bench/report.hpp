#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// What every benchmark program shares: its options, runs that alternate, a table and a JSON file.
namespace beckon::bench {

struct Options {
  std::string json;        // file to write; empty: none
  std::vector<int> cores;  // to pin to; empty: not pinned
};

// --json FILE, --cores LIST. Pins the process; ends it with exit code 2 where an option is wrong.
Options parseOptions(int argc, char** argv);

// One run; gives its figure in the measure's unit.
using Run = std::function<double()>;

struct Measure {
  std::string name;  // "qi.encode.typed"
  std::string unit;  // "ns"
  Run ours;
  Run peer;   // the same by somebody else; may be empty
  Run limit;  // what the machine allows; may be empty
  bool lowerIsBetter = true;
};

class Report {
 public:
  explicit Report(Options options) : options_(std::move(options)) {}

  // Runs ours, peer and limit in turn, `rounds` times, so that a slow moment of the machine meets all three, and
  // keeps the medians. Prints a line.
  void add(const Measure& measure, int rounds = 5);
  // Writes the JSON file. The program's exit code.
  int finish() const;

 private:
  struct Result {
    std::string name, unit;
    double ours = 0;
    std::optional<double> peer, limit;
    bool lowerIsBetter = true;
  };

  Options options_;
  std::vector<Result> results_;
};

// Keeps the compiler from dropping what only a benchmark computes.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// Nanoseconds that one of many calls takes; as many as fill 50 ms, which swamps the clock's own 20 ns.
template <class Work>
double nanosecondsEach(const Work& work) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::duration<double, std::nano> enough = std::chrono::milliseconds(50);
  for (std::uint64_t calls = 16;; calls *= 2) {
    const auto begin = Clock::now();
    for (std::uint64_t i = 0; i < calls; ++i) work();
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    if (taken >= enough) return taken.count() / static_cast<double>(calls);
  }
}

}  // namespace beckon::bench
