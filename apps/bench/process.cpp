#include "apps/bench/process.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace beckon::bench {
namespace {

std::string textOf(pid_t pid, const char* name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::int64_t ticksIn(std::string_view stat) {
  const auto name = stat.rfind(')');
  if (name == std::string_view::npos) return -1;
  std::istringstream fields{std::string(stat.substr(name + 1))};
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // proc(5): utime is the 14th, the state behind the name the 3rd
  std::int64_t user = 0, system = 0;
  return fields >> user >> system ? user + system : -1;
}

run::Result<Usage> usageOf(pid_t pid) {
  const auto ticks = ticksIn(textOf(pid, "stat"));
  std::istringstream pages(textOf(pid, "statm"));
  std::int64_t size = 0, resident = 0;
  if (ticks < 0 || !(pages >> size >> resident))
    return run::Error{run::Code::invalidArgument, "there is no process " + std::to_string(pid),
                      "name the server's with --server, and the relay's with --relay"};
  return Usage{static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK)),
               resident * ::sysconf(_SC_PAGESIZE)};
}

}  // namespace beckon::bench
