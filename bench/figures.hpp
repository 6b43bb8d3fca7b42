#pragma once

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

// What a bench client measures and how it says so. In C++17 and without libraries: the clients on plain sockets and on
// libqi use it as well.
namespace beckon::bench {

using Clock = std::chrono::steady_clock;

// Processor time that a process has used, in seconds; 0 where that cannot be known (0: no process, or another
// computer's).
inline double processorTime(int process) {
  clockid_t clock;
  timespec used{};
  if (process == 0 || clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Resident memory of a process in bytes; 0 where that cannot be known.
inline double residentMemory(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  double whole = 0, resident = 0;
  file >> whole >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// What one run of a mode came to.
struct Outcome {
  std::string mode;
  std::string unit;  // of the rate: "calls/s"
  std::uint64_t count = 0;
  double seconds = 0;
  double scale = 1;                                       // the rate is count * scale / seconds
  double clientSeconds = 0, serverSeconds = 0;            // of processor time
  std::vector<double> latencies = {};                     // microseconds; empty where the mode has none
  std::vector<std::pair<const char*, double>> more = {};  // figures that only this mode has
};

// Time and processor time of both sides between the two calls.
class Stretch {
 public:
  explicit Stretch(int server) : server_(server) {}
  void begin() {
    client0_ = processorTime(getpid());
    server0_ = processorTime(server_);
    begun_ = Clock::now();
  }
  void end(Outcome& outcome) const {
    outcome.seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    outcome.clientSeconds = processorTime(getpid()) - client0_;
    outcome.serverSeconds = processorTime(server_) - server0_;
  }

 private:
  int server_;
  double client0_ = 0, server0_ = 0;
  Clock::time_point begun_;
};

inline double microsecondsSince(Clock::time_point begun) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
}

// `latencies` not empty.
inline double percentile(std::vector<double>& latencies, double part) {
  const auto at = latencies.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(latencies.size() - 1));
  std::nth_element(latencies.begin(), at, latencies.end());
  return *at;
}

// One line. As JSON an object: mode, count, seconds, rate, unit, and where they are known p50, p99 (us), cpu and
// server_cpu (us of processor time for each), and what only this mode has.
inline void print(Outcome outcome, bool json) {
  std::vector<std::pair<const char*, double>> figures;
  const auto each = [&](double seconds) { return seconds * 1e6 / static_cast<double>(outcome.count); };
  if (!outcome.latencies.empty()) {
    figures.emplace_back("p50", percentile(outcome.latencies, 0.5));
    figures.emplace_back("p99", percentile(outcome.latencies, 0.99));
  }
  const double rate = static_cast<double>(outcome.count) * outcome.scale / outcome.seconds;
  figures.emplace_back("rate", rate);
  figures.emplace_back("cpu", each(outcome.clientSeconds));
  if (outcome.serverSeconds > 0) figures.emplace_back("server_cpu", each(outcome.serverSeconds));
  figures.insert(figures.end(), outcome.more.begin(), outcome.more.end());
  if (json) {
    std::printf("{\"mode\": \"%s\", \"count\": %llu, \"seconds\": %.9g, \"unit\": \"%s\"", outcome.mode.c_str(),
                static_cast<unsigned long long>(outcome.count), outcome.seconds, outcome.unit.c_str());
    for (const auto& [name, figure] : figures) std::printf(", \"%s\": %.9g", name, figure);
    std::printf("}\n");
  } else {
    std::printf("%s  count %llu  ", outcome.mode.c_str(), static_cast<unsigned long long>(outcome.count));
    for (const auto& [name, figure] : figures)
      std::printf(" %s %.6g%s", name, figure, std::string(name) == "rate" ? (" " + outcome.unit).c_str() : "");
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace beckon::bench
