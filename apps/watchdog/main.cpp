#include "apps/program.hpp"
#include "apps/watchdog/watchdog.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <sys/socket.h>

using namespace beckon;

namespace {

run::Result<> keepWatch(const run::LogStyle& logStyle) {
  int type = 0;
  socklen_t size = sizeof(type);
  if (::getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
    return run::Error{run::Code::invalidArgument, "standard input is no socket", "beckond starts this program"};
  boost::asio::io_context io(1);
  watchdog::Watchdog dog(io, STDIN_FILENO, run::makeLog("beckond-watchdog", logStyle));
  boost::asio::signal_set signals(io, SIGTERM);
  signals.async_wait([&](boost::system::error_code cancelled, int) {
    if (!cancelled) dog.leave();
  });
  while (!dog.isOver() && io.run_one() > 0) {
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "beckond-watchdog: brings the robot to rest when who controls it is not heard any more. beckond starts it, and "
      "it "
      "outlives beckond (docs/design/027).",
      "beckond-watchdog"};
  run::LogStyle logStyle;
  logStyle.waits = false;  // no stop waits for who reads the log
  return apps::Program(app, logStyle).run(argc, argv, [&] { return keepWatch(logStyle); });
}
