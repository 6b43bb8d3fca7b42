#include "apps/program.hpp"
#include "apps/tls_options.hpp"
#include "core/run/machine_id.hpp"
#include "directory/service_directory.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>

#include <iostream>

using namespace beckon;
using run::Result;

namespace {

struct Entrance {
  localbus::Endpoint endpoint;
  std::optional<localbus::TlsContext> tls;
};

// One certificate serves all of them; the authorities of clients are those of tcpsm.
Result<std::vector<Entrance>> entrances(const std::vector<std::string>& urls, const apps::TlsFiles& files) {
  std::vector<Entrance> out;
  bool isTls = false, isMutual = false;
  for (const auto& url : urls) {
    auto endpoint = localbus::Endpoint::parse(url);
    if (!endpoint) return endpoint.error();
    auto own = files;
    const bool wantsClients = endpoint->scheme == localbus::Endpoint::Scheme::tcpsm;
    if (!wantsClients) own.clientAuthorities.clear();
    auto tls = apps::listeningTls(own, *endpoint);
    if (!tls) return tls.error();
    isTls = isTls || endpoint->isTls();
    isMutual = isMutual || wantsClients;
    out.push_back({std::move(*endpoint), std::move(*tls)});
  }
  const auto unused = [](const std::string& option, const std::string& scheme) {
    return run::Error{run::Code::invalidArgument, option + " has no use: nothing here is " + scheme + "://",
                      "listen on " + scheme + "://HOST[:PORT]"};
  };
  if (!isMutual && !files.clientAuthorities.empty()) return unused(apps::tlsOptions.clientAuthorities, "tcpsm");
  if (!isTls && files.areGiven()) return unused(apps::tlsOptions.certificate, "tcps");
  return out;
}

Result<> serve(const std::vector<std::string>& urls, const apps::TlsFiles& files, const std::string& stateFile,
               const run::LogStyle& logStyle) {
  const auto wanted = entrances(urls, files);
  if (!wanted) return wanted.error();
  const auto machine = run::machineId();
  if (!machine) return machine.error();

  const auto log = run::makeLog("directory", logStyle);
  auto ids = directory::keptIds(stateFile, log);

  boost::asio::io_context io(1);
  directory::ServiceDirectory directory(io, *machine, log, {}, qi::ownCapabilities(), std::move(ids));
  // Before `ready` is printed: who reads it may stop us at once.
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  std::vector<std::string> ready;
  for (const auto& [endpoint, tls] : *wanted) {
    const auto listening = directory.start(endpoint, tls);
    if (!listening) return listening.error();
    ready.push_back(listening->url());
  }
  signals.async_wait([&](auto, int) { directory.stop(); });
  for (const auto& url : ready) std::cout << "ready " << url << std::endl;
  io.run();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "beckon-directory: the service directory of a qi bus. Prints \"ready URL\" when it listens, a line each; runs "
      "until SIGTERM.",
      "beckon-directory"};
  app.footer("Exit codes: 0 stopped by a signal, 1 fault of Beckon, 2 wrong usage, 4 cannot listen there.");
  std::vector<std::string> urls;
  std::string stateFile;
  run::LogStyle logStyle;
  apps::TlsFiles files;
  app.add_option(
         "url", urls,
         "Where to listen: tcp://, tcps:// or tcpsm://HOST[:PORT], unix:///PATH; port 0 takes a free one, no port "
         "is 9559, with TLS 9503. Several are possible")
      ->required();
  app.add_option("--state", stateFile,
                 "A file that keeps the numbers of services, so that none is given twice after a restart");
  apps::addTlsOptions(app, files, false, true);
  return apps::Program(app, logStyle).run(argc, argv, [&] { return serve(urls, files, stateFile, logStyle); });
}
