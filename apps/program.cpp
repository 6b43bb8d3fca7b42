#include "apps/program.hpp"

#include "apps/exit_codes.hpp"
#include "apps/report.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <csignal>

namespace beckon::apps {
namespace {

// The usual 1024 descriptors are fewer than the connections that a directory takes; the system allows more to whoever
// asks. What cannot cope with large ones (select() in libstrophe) looks for itself.
void takeAllDescriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Program::Program(CLI::App& app, run::LogStyle& log) : app_(app) {
  std::signal(SIGPIPE, SIG_IGN);
  takeAllDescriptors();
  app.set_version_flag("--version", BECKON_VERSION);
  app.add_option("--log-level", log.level, "Lines on standard error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  app.add_option("--log-format", log.format, "How they look; json: an object each")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

int Program::run(int argc, char** argv, const std::function<run::Result<>()>& body, const bool* json) {
  const auto failed = [&](const run::Error& error) {
    report(error, json && *json);
    return exitCode(error.code);
  };
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);
    return failed({run::Code::invalidArgument, error.what(), "see " + app_.get_name() + " --help"});
  }
  try {
    const auto ended = body();
    return ended ? 0 : failed(ended.error());
  } catch (const std::exception& broken) {
    return failed({run::Code::internal, std::string("a fault of Beckon: ") + broken.what(),
                   "please report it, with what led to it"});
  }
}

}  // namespace beckon::apps
