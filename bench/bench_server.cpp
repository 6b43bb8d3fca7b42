// A directory with the two services that a bench client measures. Whoever swaps it for a server on something else
// offers the same members under the same names.
#include "core/run/machine_id.hpp"
#include "directory/service_directory.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

#include <cstdio>
#include <iostream>

namespace beckon::bench {
namespace {

// Beckon runs every service on one thread; that Bench and BenchST differ is libqi's.
std::shared_ptr<localbus::Object> makeService() {
  localbus::ObjectBuilder builder;
  const auto tick = builder.signal<std::int32_t>("tick");
  builder.method("echo", [](std::int32_t number) { return number; });
  builder.method("echoStr", [](std::string text) { return text; });
  builder.method("sink", [](qi::ByteView bytes) { return static_cast<std::int32_t>(bytes.size()); });
  builder.method("echoRaw", [](qi::Bytes bytes) { return bytes; });
  builder.method("fire", [tick](std::int32_t times) {
    for (std::int32_t i = 0; i < times; ++i) tick(i);
  });
  return builder.build();
}

int fail(int code, const std::string& why, const std::string& next) {
  std::fprintf(stderr, "beckon-bench-server: %s\nnext: %s\n", why.c_str(), next.c_str());
  return code;
}

int fail(const run::Error& error) {
  return fail(error.code == run::Code::invalidArgument ? 2 : 1, error.cause, error.nextStep);
}

int serve(const std::string& url) {
  const auto endpoint = localbus::Endpoint::parse(url);
  if (!endpoint) return fail(endpoint.error());
  const auto machine = run::machineId();
  if (!machine) return fail(machine.error());
  boost::asio::io_context io(1);
  directory::ServiceDirectory directory(io, *machine, run::makeLog("bench-server", {.level = "warning"}));
  // Before `ready` is printed: who reads it may stop us at once.
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  const auto listening = directory.start(*endpoint);
  if (!listening) return fail(listening.error());
  for (const char* name : {"Bench", "BenchST"})
    if (const auto id = directory.add(name, makeService()); !id) return fail(id.error());
  signals.async_wait([&](auto, int) { directory.stop(); });
  std::cout << "ready " << listening->url() << std::endl;
  io.run();
  return 0;
}

int main(int argc, char** argv) {
  CLI::App app{
      "beckon-bench-server: a service directory with the services Bench and BenchST, for a bench client to measure. "
      "Prints \"ready URL\" when it listens; runs until SIGTERM.",
      "beckon-bench-server"};
  app.footer("Exit codes: 0 stopped by a signal, 1 cannot listen there, 2 wrong usage.");
  std::string url;
  app.add_option("url", url, "Where to listen: tcp://HOST[:PORT] (port 0 takes a free one) or unix:///PATH")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return fail(2, error.what(), "see beckon-bench-server --help");
  }
  return serve(url);
}

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) { return beckon::bench::main(argc, argv); }
