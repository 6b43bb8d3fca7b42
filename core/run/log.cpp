#include "core/run/log.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace beckon::run {

Log makeLog(const std::string& name, const std::string& level) {
  auto log = std::make_shared<spdlog::logger>(name, std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %n: %v");
  const auto parsed = spdlog::level::from_str(level);
  log->set_level(parsed == spdlog::level::off && level != "off" ? spdlog::level::info : parsed);
  log->flush_on(spdlog::level::trace);
  return log;
}

Log silentLog() {
  auto log = std::make_shared<spdlog::logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>());
  log->set_level(spdlog::level::off);
  return log;
}

}  // namespace beckon::run
