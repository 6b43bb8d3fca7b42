#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace beckon::run {

// A logger is passed to whoever logs; there is no global one. Lines go to standard error:
// "2026-11-22 00:30:00.123 info directory: ...". Never log a secret or the text of a call's arguments.
using Log = std::shared_ptr<spdlog::logger>;

struct LogStyle {
  std::string level = "info";  // one of trace, debug, info, warning, error, off; anything else counts as info
  // "text", or "json": {"time":"2026-11-22T00:30:00.123Z","level":"info","name":"directory","text":"..."}
  std::string format = "text";
  // Whether a line waits until standard error takes it. Otherwise it is lost where it would have to: for who has more
  // important things to do than to tell of them.
  bool waits = true;
};

// Safe to use from several threads.
Log makeLog(const std::string& name, const LogStyle& style);
Log silentLog();

}  // namespace beckon::run
