#include "core/run/log.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>

namespace beckon::run {
namespace {

// %J: what was said, as a JSON string. Bytes that are no UTF-8 are replaced, so that each line can be read.
class JsonText final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const nlohmann::json text(std::string(message.payload.begin(), message.payload.end()));
    const auto escaped = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(escaped.data(), escaped.data() + escaped.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonText>(); }
};

std::unique_ptr<spdlog::formatter> jsonLines() {
  auto made = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  made->add_flag<JsonText>('J').set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","name":"%n","text":%J})");
  return made;
}

class LossySink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LossySink() {
    struct stat found {};
    if (::fstat(STDERR_FILENO, &found) != 0) return;
    isSocket_ = S_ISSOCK(found.st_mode);
    // That it does not wait is a property of what is open, which other processes share: it is opened once more.
    if (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode))
      own_ = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }
  ~LossySink() override {
    if (own_ >= 0) ::close(own_);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    [[maybe_unused]] const auto written =
        isSocket_ ? ::send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                  : ::write(own_ >= 0 ? own_ : STDERR_FILENO, line.data(), line.size());
  }
  void flush_() override {}

  bool isSocket_ = false;
  int own_ = -1;
};

std::shared_ptr<spdlog::sinks::sink> standardError(bool waits) {
  if (waits) return std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  return std::make_shared<LossySink>();
}

}  // namespace

Log makeLog(const std::string& name, const LogStyle& style) {
  auto log = std::make_shared<spdlog::logger>(name, standardError(style.waits));
  if (style.format == "json")
    log->set_formatter(jsonLines());
  else
    log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %n: %v");
  const auto parsed = spdlog::level::from_str(style.level);
  log->set_level(parsed == spdlog::level::off && style.level != "off" ? spdlog::level::info : parsed);
  log->flush_on(spdlog::level::trace);
  return log;
}

Log silentLog() {
  auto log = std::make_shared<spdlog::logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>());
  log->set_level(spdlog::level::off);
  return log;
}

}  // namespace beckon::run
