#include "apps/program.hpp"
#include "core/run/machine_id.hpp"
#include "directory/service_directory.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

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
  CLI::App app{
      "beckon-directory: the service directory of a qi bus. Prints \"ready URL\" when it listens; runs until SIGTERM.",
      "beckon-directory"};
  app.footer("Exit codes: 0 stopped by a signal, 1 fault of Beckon, 2 wrong usage, 4 cannot listen there.");
  std::string url, logLevel = "info";
  app.add_option("url", url, "Where to listen: tcp://HOST[:PORT]; port 0 takes a free one, no port is 9559")
      ->required();
  return apps::Program(app, logLevel).run(argc, argv, [&] { return serve(url, logLevel); });
}
