#include "bench/report.hpp"

#include <nlohmann/json.hpp>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace beckon::bench {
namespace {

[[noreturn]] void refuse(const char* program, const std::string& what) {
  std::fprintf(stderr, "%s: %s\nusage: %s [--json FILE] [--cores LIST]\n", program, what.c_str(), program);
  std::exit(2);
}

std::vector<int> parseCores(const char* program, const std::string& list) {
  std::vector<int> cores;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    const std::string one = list.substr(at, comma - at);
    if (one.empty() || one.find_first_not_of("0123456789") != std::string::npos || one.size() > 4)
      refuse(program, "--cores " + list + ": give numbers such as 0,1");
    cores.push_back(std::stoi(one));
    at = comma + 1;
  }
  return cores;
}

void pin(const char* program, const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(static_cast<unsigned>(core), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) refuse(program, "this process may not use those cores");
}

double median(std::vector<double> figures) {
  std::ranges::sort(figures);
  const std::size_t middle = figures.size() / 2;
  return figures.size() % 2 ? figures[middle] : (figures[middle - 1] + figures[middle]) / 2;
}

void print(const char* label, const std::optional<double>& figure, double ours, const std::string& unit) {
  if (figure) std::printf("  %s %.4g %s (%.2f times)", label, *figure, unit.c_str(), ours / *figure);
}

nlohmann::json orNull(const std::optional<double>& figure) {
  return figure ? nlohmann::json(*figure) : nlohmann::json();
}

}  // namespace

Options parseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name != "--json" && name != "--cores") refuse(argv[0], "unknown option " + std::string(name));
    if (i + 1 == argc) refuse(argv[0], std::string(name) + " needs a value");
    if (name == "--json") options.json = argv[i + 1];
    if (name == "--cores") options.cores = parseCores(argv[0], argv[i + 1]);
  }
  if (!options.cores.empty()) pin(argv[0], options.cores);
  return options;
}

void Report::add(const Measure& measure, int rounds) {
  std::vector<double> ours, peer, limit;
  for (int i = 0; i < rounds; ++i) {
    ours.push_back(measure.ours());
    if (measure.peer) peer.push_back(measure.peer());
    if (measure.limit) limit.push_back(measure.limit());
  }
  Result result{measure.name, measure.unit, median(ours), {}, {}, measure.lowerIsBetter};
  if (!peer.empty()) result.peer = median(peer);
  if (!limit.empty()) result.limit = median(limit);
  std::printf("%-28s %.4g %s", result.name.c_str(), result.ours, result.unit.c_str());
  print("peer", result.peer, result.ours, result.unit);
  print("limit", result.limit, result.ours, result.unit);
  std::printf("\n");
  std::fflush(stdout);
  results_.push_back(std::move(result));
}

int Report::finish() const {
  if (options_.json.empty()) return 0;
  auto list = nlohmann::json::array();
  for (const auto& result : results_)
    list.push_back({{"name", result.name},
                    {"unit", result.unit},
                    {"ours", result.ours},
                    {"peer", orNull(result.peer)},
                    {"limit", orNull(result.limit)},
                    {"better", result.lowerIsBetter ? "lower" : "higher"}});
  std::ofstream file(options_.json);
  file << list.dump(2) << '\n';
  file.close();
  if (file) return 0;
  std::fprintf(stderr, "cannot write %s\n", options_.json.c_str());
  return 1;
}

}  // namespace beckon::bench
