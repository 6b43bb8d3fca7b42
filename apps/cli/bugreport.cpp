#include "apps/cli/bugreport.hpp"

#include "apps/beckond/settings.hpp"
#include "apps/cli/secrets.hpp"
#include "core/run/completion.hpp"
#include "core/run/config.hpp"
#include "policy/audit/segment.hpp"
#include "policy/tokens.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace beckon::cli {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using run::Code;
using run::completion;
using run::Error;
using run::Result;

namespace {

constexpr auto patience = std::chrono::seconds(3);  // for the status port

std::string fileText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "(cannot be read)\n";
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string textOf(const Error& error) {
  return std::string(run::codeText(error.code)) + ": " + error.cause + "; next: " + error.nextStep + "\n";
}

std::string system() {
  std::ostringstream out;
  out << "beckon " BECKON_VERSION "\n";
  if (utsname name{}; ::uname(&name) == 0)
    out << name.sysname << " " << name.release << " " << name.version << " " << name.machine << "\n";
  std::ifstream release("/etc/os-release");
  for (std::string line; std::getline(release, line);)
    if (line.starts_with("PRETTY_NAME=")) out << line << "\n";
  return out.str();
}

std::string tokens(const std::filesystem::path& state) {
  const auto file = state / policy::Tokens::fileName;
  if (!std::filesystem::exists(file)) return "there are none: " + file.string() + "\n";
  auto store = policy::Tokens::open(file);
  const auto all = store ? store->list() : store.error();
  if (!all) return textOf(all.error());
  std::ostringstream out;
  for (const auto& token : *all) out << token.name << "  role " << token.role << "\n";
  return out.str();
}

std::string record(const std::filesystem::path& folder) {
  const auto segments = policy::audit::segmentsOf(folder);
  if (!segments) return textOf(segments.error());
  std::ostringstream out;
  for (const auto& segment : *segments) {
    std::error_code gone;
    const auto size = std::filesystem::file_size(segment.path, gone);
    out << segment.path.filename().string() << "  " << (gone ? 0 : size) << " bytes\n";
  }
  out << "what is in it stays here, since it names people; beckon audit verify says whether it is sound\n";
  return out.str();
}

asio::awaitable<std::string> get(localbus::Endpoint endpoint, std::string target) {
  boost::beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(patience);
  boost::system::error_code problem;
  const auto address = asio::ip::make_address(endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host, problem);
  auto [unreached] = co_await stream.async_connect({address, endpoint.port}, completion);
  if (unreached) co_return "nobody answers at " + endpoint.url() + ": " + unreached.message() + "\n";
  http::request<http::empty_body> request(http::verb::get, target, 11);
  request.set(http::field::host, "127.0.0.1");
  co_await http::async_write(stream, request, completion);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  const auto [unread, size] = co_await http::async_read(stream, buffer, response, completion);
  if (unread) co_return "no answer from " + endpoint.url() + ": " + unread.message() + "\n";
  co_return std::to_string(response.result_int()) + "\n" + response.body();
}

std::string status(const std::optional<localbus::Endpoint>& endpoint, const std::string& target) {
  if (!endpoint) return "status.listen is not configured\n";
  std::string out;
  asio::io_context io;
  asio::co_spawn(io, get(*endpoint, target), [&](std::exception_ptr, std::string text) { out = std::move(text); });
  io.run();
  return out;
}

std::string collected(const std::filesystem::path& config) {
  std::ostringstream out;
  const auto section = [&](const std::string& name, const std::string& text) {
    out << "== " << name << "\n" << text << (text.ends_with('\n') ? "\n" : "\n\n");
  };
  out << "Read this before you send it: secrets were taken out, names of accounts, computers and services were "
         "not.\n\n";
  section("system", system());
  section("configuration " + config.string(), fileText(config));
  const auto settings = apps::readSettings(config);
  section("whether it can be used", settings ? "yes\n" : textOf(settings.error()));
  if (!settings) return out.str();
  if (!settings->policyFile.empty()) section("policy " + settings->policyFile.string(), fileText(settings->policyFile));
  section("tokens", tokens(settings->state));
  section("record", record(settings->audit.folder));
  section("health", status(settings->status, "/healthz"));
  section("metrics", status(settings->status, "/metrics"));
  return out.str();
}

// What the files hold that the configuration names as secrets, whether it can be used or not.
std::vector<std::string> knownSecrets(const std::filesystem::path& config) {
  std::vector<std::string> out;
  auto file = run::ConfigFile::open(config);
  if (!file) return out;
  for (const char* key : {"xmpp.password_file", "bus.token_file"}) {
    const auto path = file->pathOr(key, {});
    std::ifstream secret(path);
    std::string line;
    if (!path.empty() && std::getline(secret, line)) out.push_back(line);
  }
  return out;
}

Result<> write(const std::filesystem::path& path, const std::string& text) {
  const auto cannot = [&] {
    return Error{Code::invalidConfig, "cannot write " + path.string() + ": " + std::strerror(errno),
                 "name a file that is not there, in a folder of your own, with --out"};
  };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return cannot();
  std::size_t done = 0;
  while (done < text.size()) {
    const auto some = ::write(file, text.data() + done, text.size() - done);
    if (some < 0) break;
    done += static_cast<std::size_t>(some);
  }
  ::close(file);
  return done == text.size() ? Result<>() : cannot();
}

}  // namespace

void addBugreportVerb(CLI::App& app, BugreportCommand& command) {
  auto* verb =
      app.add_subcommand("bugreport", "On the robot: what is needed to find a fault, in a file, without secrets.");
  verb->add_option("--robot", command.config, "beckond's configuration")->capture_default_str();
  verb->add_option("--out", command.out, "The file; otherwise a name with the time, here");
  verb->callback([&command] { command.isAsked = true; });
}

Result<> bugreport(const BugreportCommand& command) {
  if (!std::filesystem::exists(command.config))
    return Error{Code::invalidArgument, "there is no " + command.config.string(),
                 "name beckond's configuration with --robot"};
  const auto text = withoutSecrets(collected(command.config), knownSecrets(command.config));
  auto out = command.out;
  if (out.empty()) {
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    char name[64];
    std::strftime(name, sizeof name, "beckon-bugreport-%Y%m%d-%H%M%S.txt", std::gmtime(&now));
    out = name;
  }
  if (const auto written = write(out, text); !written) return written;
  std::cout << out.string() << "  (read it before you send it)" << std::endl;
  return {};
}

}  // namespace beckon::cli
