#include "tests/support/prosody.hpp"

#include "tests/support/free_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace beckon::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Prosody's name for a file of a host or user.
std::string encoded(const std::string& name) {
  std::ostringstream out;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)))
      out << c;
    else
      out << '%' << std::hex << static_cast<int>(static_cast<unsigned char>(c));
  return out.str();
}

std::string listOf(const std::vector<std::string>& texts) {
  std::string out = "{";
  for (const auto& text : texts) out += " '" + text + "';";
  return out + " }";
}

bool answers(unsigned short port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(probe);
  return connected;
}

void write(const fs::path& file, const std::string& content) {
  std::ofstream out(file);
  out << content;
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace

Prosody::Prosody(std::initializer_list<Account> accounts, Options options)
    : options_(std::move(options)), port_(freePort()), componentPort_(freePort()), directTlsPort_(freePort()) {
  const auto& folder = folder_.path();
  const Authority authority;
  authority.writeCertificate(caFile());
  authority.issue(options_.certificateFor.empty() ? options_.domain : options_.certificateFor, folder / "server.crt",
                  folder / "server.key", options_.expired ? -60s : 24h);
  const auto users = folder / "data" / encoded(options_.domain) / "accounts";
  fs::create_directories(users);
  // Prosody hashes a password that it finds in the clear at the first login.
  for (const auto& [name, password] : accounts)
    write(users / (encoded(name) + ".dat"), "return { [\"password\"] = \"" + password + "\" };\n");
  std::ostringstream config;
  config << "run_as_root = true\n"
         << "daemonize = false\n"
         << "pidfile = '" << folder.string() << "/prosody.pid'\n"
         << "data_path = '" << folder.string() << "/data'\n"
         << "certificates = '" << folder.string() << "'\n"
         << "interfaces = { '127.0.0.1' }\n"
         << "use_ipv6 = false\n"
         << "c2s_ports = { " << port_ << " }\n"
         << "c2s_direct_tls_ports = { " << (options_.hasDirectTls ? std::to_string(directTlsPort_) : "") << " }\n"
         << "component_ports = { " << componentPort_ << " }\n"
         << "component_interfaces = { '127.0.0.1' }\n"
         << "c2s_require_encryption = true\n"
         << "network_settings = { nagle = false }\n"  // on by default: answers wait 40 ms
         << "authentication = 'internal_hashed'\n"
         << "password_hash = '" << options_.passwordHash << "'\n"
         << "modules_disabled = { 's2s', 'offline' }\n"
         << "modules_enabled = { 'roster', 'saslauth', 'tls', 'disco', 'ping' }\n"
         << "log = { info = '*console' }\n"
         << "admins = " << listOf(options_.administrators) << "\n"
         << "VirtualHost '" << options_.domain << "'\n"
         << "ssl = { certificate = '" << folder.string() << "/server.crt', key = '" << folder.string()
         << "/server.key' }\n"
         << "modules_enabled = " << listOf(options_.modules) << "\n";
  for (const auto& [domain, secret] : options_.components)
    config << "Component '" << domain << "'\ncomponent_secret = '" << secret << "'\n";
  write(folder / "prosody.cfg.lua", config.str());
  start();
}

void Prosody::start() {
  const auto& folder = folder_.path();
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"prosody", "-F", "--config", (folder / "prosody.cfg.lua").string()}, folder / "log");
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!answers(port_) || (options_.hasDirectTls && !answers(directTlsPort_)) ||
         (!options_.components.empty() && !answers(componentPort_))) {
    if (!process_->running()) throw std::runtime_error("prosody ended at its start:\n" + log());
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("prosody does not come up:\n" + log());
    std::this_thread::sleep_for(5ms);
  }
}

void Prosody::kill() { process_->kill(); }

std::string Prosody::log() const {
  std::ifstream in(folder_.path() / "log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace beckon::test
