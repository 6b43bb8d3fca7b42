#include "apps/beckond/settings.hpp"

#include "apps/account.hpp"
#include "apps/proxy.hpp"
#include "apps/tls_options.hpp"
#include "core/qi/utf8.hpp"
#include "policy/policy_file.hpp"
#include "policy/quantities.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>

namespace beckon::apps {
namespace {

void readTls(run::ConfigFile& file, Settings& settings) {
  const TlsFiles files{.certificate = file.pathOr(tlsKeys.certificate, {}),
                       .key = file.pathOr(tlsKeys.key, {}),
                       .clientAuthorities = file.pathOr(tlsKeys.clientAuthorities, {}),
                       .authorities = file.pathOr(tlsKeys.authorities, {}),
                       .pin = file.textOr(tlsKeys.pin, ""),
                       .insecure = file.flagOr(tlsKeys.insecure, false)};
  const auto reject = [&](const char* key, const std::string& why, const std::string& next) {
    file.reject(key, why, next);
  };
  // What is given and does nothing would be believed to protect.
  const auto unused = [&](const char* key, bool isGiven, const std::string& next) {
    if (isGiven) reject(key, "has no use with " + settings.bus.url(), next);
  };
  if (settings.isAttached) {
    unused(tlsKeys.clientAuthorities, !files.clientAuthorities.empty(), "it is for bus.listen");
    settings.tls = diallingTls(files, settings.bus, tlsKeys, reject);
  } else {
    unused(tlsKeys.authorities, !files.authorities.empty(), "it is for bus.attach");
    unused(tlsKeys.pin, !files.pin.empty(), "it is for bus.attach");
    unused(tlsKeys.insecure, files.insecure, "it is for bus.attach");
    unused(tlsKeys.certificate, !files.certificate.empty() && !settings.bus.isTls(), "listen on tcps:// to have TLS");
    settings.tls = listeningTls(files, settings.bus, tlsKeys, reject);
  }
}

void readPolicy(run::ConfigFile& file, Settings& settings) {
  std::vector<std::string> accounts;
  for (const auto& jid : readJids(file, "access.principals")) accounts.push_back(jid.text());
  if (settings.membership) accounts.push_back(settings.membership->ownerAccount);
  settings.policy = policy::Policy::ofAccounts(accounts);
  settings.policyFile = file.pathOr("policy.file", {});
  if (settings.policyFile.empty()) return;
  if (!file.textsOr("access.principals", {}).empty())
    return file.reject("access.principals", "there is policy.file, too, which says who may do what",
                       "leave access.principals out; beckon policy migrate prints a policy that says the same");
  auto read = policy::PolicyFile::load(settings.policyFile);
  if (read)
    settings.policy = std::move(*read);
  else
    file.reject("policy.file", read.error().cause, read.error().nextStep);
}

constexpr std::size_t longestName = 63;  // RFC 6763 section 4.1.1

void readLan(run::ConfigFile& file, Settings& settings) {
  const auto listen = file.textOr("lan.listen", "");
  Settings::Lan lan;
  lan.own = {file.pathOr("lan.certificate_file", {}), file.pathOr("lan.key_file", {})};
  lan.announces = file.flagOr("lan.announce", true);
  const auto name = file.textOr("lan.name", "");
  lan.name = name.empty() ? hostName() : name;
  if (lan.name.size() > longestName || qi::printable(lan.name) != lan.name)
    file.reject("lan.name", "cannot be announced", "give a name of 1 to 63 bytes that can be printed");
  if (lan.own.certificate.empty() != lan.own.key.empty())
    return file.reject(lan.own.key.empty() ? "lan.certificate_file" : "lan.key_file", "is given without the other",
                       "give the certificate and its private key, or neither: then the robot makes its own");
  if (listen.empty()) {
    const auto useless = [&](const char* key) {
      file.reject(key, "has no use without lan.listen", "listen on tcps://0.0.0.0:9503");
    };
    if (!lan.own.key.empty()) useless("lan.certificate_file");
    if (!name.empty()) useless("lan.name");
    if (!lan.announces) useless("lan.announce");
    return;
  }
  const auto endpoint = localbus::Endpoint::parse(listen);
  if (!endpoint) return file.reject("lan.listen", endpoint.error().cause, endpoint.error().nextStep);
  if (endpoint->scheme != localbus::Endpoint::Scheme::tcps)
    return file.reject("lan.listen", endpoint->url() + " has no TLS that asks for keys, or is none of the network",
                       "write tcps://HOST:PORT, for example tcps://0.0.0.0:9503");
  lan.listen = *endpoint;
  lan.isSelfSigned = lan.own.key.empty();
  if (lan.isSelfSigned) lan.own = {settings.state / "lan.pem", settings.state / "lan.key"};
  settings.lan = std::move(lan);
}

void readAudit(run::ConfigFile& file, Settings& settings) {
  using policy::audit::Options;
  auto& audit = settings.audit;
  audit.folder = settings.state / "audit";
  const auto size = [&](const char* key, std::uint64_t& into, std::uint64_t least) {
    const auto text = file.textOr(key, "");
    if (text.empty()) return;
    const auto read = policy::sizeOf(text);
    if (!read || *read < least)
      return file.reject(key, "\"" + text + "\" is not a size of " + std::to_string(least / 1024) + " KiB or more",
                         "write for example \"64 MiB\"");
    into = *read;
  };
  size("audit.segment", audit.segment, 64 * 1024);
  size("audit.keep", audit.keep, 1024 * 1024);
  audit.days = std::chrono::days(file.integerOr("audit.days", audit.days.count(), 1, 36500));
  const auto full = file.textOr("audit.when_full", "stop"), survives = file.textOr("audit.survives", "kill");
  if (full != "stop" && full != "go on")
    file.reject("audit.when_full", "\"" + full + "\" is not known", "write \"stop\" or \"go on\"");
  if (survives != "kill" && survives != "power loss")
    file.reject("audit.survives", "\"" + survives + "\" is not known", "write \"kill\" or \"power loss\"");
  audit.whenFull = full == "stop" ? Options::WhenFull::stop : Options::WhenFull::goOn;
  audit.survives = survives == "kill" ? Options::Survives::kill : Options::Survives::powerLoss;
}

void readStatus(run::ConfigFile& file, Settings& settings) {
  const auto text = file.textOr("status.listen", "");
  if (text.empty()) return;
  const auto endpoint = localbus::Endpoint::parse("tcp://" + text);
  if (!endpoint || !endpoint->isLoopback())
    return file.reject("status.listen", "\"" + text + "\" is no address and port of this computer alone",
                       "write for example \"127.0.0.1:9604\"; a program there may pass it on to others");
  settings.status = *endpoint;
}

void readToken(run::ConfigFile& file, Settings& settings) {
  const auto user = file.textOr("bus.user", "");
  const auto path = file.pathOr("bus.token_file", {});
  const char* const given = path.empty() ? "bus.user" : "bus.token_file";
  if (path.empty() && user.empty()) return;
  if (!settings.isAttached) return file.reject(given, "has no use with " + settings.bus.url(), "it is for bus.attach");
  if (path.empty())
    return file.reject(given, "is given without bus.token_file", "write the user's token into a file and name that");
  auto token = BusToken::open(path, user);
  if (!token) return file.reject(given, token.error().cause, token.error().nextStep);
  settings.token = std::move(*token);
}

void readOthers(run::ConfigFile& file, Settings& settings) {
  settings.others = readJids(file, "remote.robots");
  if (settings.others.empty()) return;
  if (!settings.hasAccount)
    file.reject("remote.robots", "other robots are used by an account, and this robot has none",
                "give it one under [xmpp], or enrol it in a fleet");
  else if (std::ranges::find(settings.others, settings.stream.account) != settings.others.end())
    file.reject("remote.robots", settings.stream.account.text() + " is this robot itself", "leave it out");
}

std::filesystem::path readState(run::ConfigFile& file, const std::filesystem::path& path) {
  return file.pathOr("robot.state", path.parent_path() / "state");
}

}  // namespace

std::string hostName() {
  char name[HOST_NAME_MAX + 1]{};
  ::gethostname(name, HOST_NAME_MAX);
  const auto size = std::min(::strcspn(name, "."), longestName);
  return size == 0 ? "robot" : std::string(name, size);
}

run::Result<std::filesystem::path> stateFolder(const std::filesystem::path& path) {
  auto file = run::ConfigFile::open(path);
  if (!file) return file.error();
  auto out = readState(*file, path);
  if (const auto valid = file->finishPart(); !valid) return valid.error();
  return out;
}

run::Result<std::optional<xmpp::Proxy>> proxyTo(const std::string& host, const std::filesystem::path& path) {
  auto file = run::ConfigFile::open(path);
  if (!file) return file.error();
  auto out = readProxy(*file, host);
  if (const auto valid = file->finishPart(); !valid) return valid.error();
  return out;
}

run::Result<Settings> readSettings(const std::filesystem::path& path) {
  auto file = run::ConfigFile::open(path);
  if (!file) return file.error();
  Settings settings;
  settings.file = std::filesystem::absolute(path);
  settings.state = readState(*file, path);
  readLan(*file, settings);
  auto membership = fleet::Membership::load(settings.state);
  if (!membership) return membership.error();
  settings.membership = std::move(*membership);
  settings.hasAccount = !settings.lan || settings.membership || !file->textOr("xmpp.account", "").empty();
  if (settings.hasAccount) settings.stream = readAccount(*file, settings.membership);
  settings.stream.resource = "beckond";
  readOthers(*file, settings);

  const auto attach = file->textOr("bus.attach", "");
  const auto listen = file->textOr("bus.listen", "");
  settings.isAttached = !attach.empty();
  if (settings.isAttached && !listen.empty())
    file->reject("bus.listen", "there is bus.attach, too",
                 "leave bus.listen out to use the directory at bus.attach, or bus.attach to hold one");
  const auto bus = localbus::Endpoint::parse(settings.isAttached ? attach
                                             : listen.empty()    ? settings.bus.url()
                                                                 : listen);
  if (bus)
    settings.bus = *bus;
  else
    file->reject(settings.isAttached ? "bus.attach" : "bus.listen", bus.error().cause, bus.error().nextStep);
  readTls(*file, settings);
  readToken(*file, settings);
  readAudit(*file, settings);
  readStatus(*file, settings);

  readPolicy(*file, settings);

  if (const auto valid = file->finish(); !valid) return valid.error();
  return settings;
}

}  // namespace beckon::apps
