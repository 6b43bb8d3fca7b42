// What needs no network: a call by pointer, and large payloads through shared memory.
#include "bench/ipc_raw.hpp"
#include "bench/lpc_call.hpp"
#include "bench/report.hpp"

int main(int argc, char** argv) {
  const auto options = beckon::bench::parseOptions(argc, argv);
  beckon::bench::Report report(options);
  report.add({"bus.call.lpc", "ns", beckon::bench::callWithinTheProcess, {}, beckon::bench::callVirtualFunction});
  beckon::bench::measureIpcRaws(report, options.cores);
  return report.finish();
}
