#include "apps/exit_codes.hpp"
#include "apps/report.hpp"
#include "core/run/machine_id.hpp"
#include "directory/service_directory.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <iostream>

using namespace beckon;
using run::Result;

namespace {

Result<> serve(const std::string& url, const std::string& logLevel) {
  const auto endpoint = localbus::Endpoint::parse(url);
  if (!endpoint) return endpoint.error();
  const auto machine = run::machineId();
  if (!machine) return machine.error();

  boost::asio::io_context io(1);
  directory::ServiceDirectory directory(io, *machine, run::makeLog("directory", logLevel));
  // Before `ready` is printed: who reads it may stop us at once.
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  const auto listening = directory.start(*endpoint);
  if (!listening) return listening.error();
  signals.async_wait([&](auto, int) { directory.stop(); });
  std::cout << "ready " << listening->url() << std::endl;
  io.run();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "beckon-directory: the service directory of a qi bus. Prints \"ready URL\" when it listens; runs until SIGTERM."};
  app.set_version_flag("--version", BECKON_VERSION);
  app.footer("Exit codes: 0 stopped by a signal, 1 fault of Beckon, 2 wrong usage, 4 cannot listen there.");
  std::string url, logLevel = "info";
  app.add_option("url", url, "Where to listen: tcp://HOST[:PORT]; port 0 takes a free one, no port is 9559")
      ->required();
  app.add_option("--log-level", logLevel, "Lines on standard error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    apps::report({run::Code::invalidArgument, error.what(), "see beckon-directory --help"});
    return apps::exitCode(run::Code::invalidArgument);
  }
  return apps::guarded([&] {
    const auto served = serve(url, logLevel);
    if (served) return 0;
    apps::report(served.error());
    return apps::exitCode(served.error().code);
  });
}
