#include "apps/beckond/settings.hpp"

#include "apps/account.hpp"
#include "apps/tls_options.hpp"
#include "policy/policy_file.hpp"

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
  settings.policy = policy::Policy::ofAccounts(accounts);
  settings.policyFile = file.pathOr("policy.file", {});
  if (settings.policyFile.empty()) return;
  if (!accounts.empty())
    return file.reject("access.principals", "there is policy.file, too, which says who may do what",
                       "leave access.principals out; beckon policy migrate prints a policy that says the same");
  auto read = policy::PolicyFile::load(settings.policyFile);
  if (read)
    settings.policy = std::move(*read);
  else
    file.reject("policy.file", read.error().cause, read.error().nextStep);
}

}  // namespace

run::Result<Settings> readSettings(const std::filesystem::path& path) {
  auto file = run::ConfigFile::open(path);
  if (!file) return file.error();
  Settings settings;
  settings.stream = readAccount(*file);
  settings.stream.resource = "beckond";

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

  readPolicy(*file, settings);
  settings.state = file->pathOr("robot.state", path.parent_path() / "state");

  if (const auto valid = file->finish(); !valid) return valid.error();
  return settings;
}

}  // namespace beckon::apps
