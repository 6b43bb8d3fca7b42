#include "apps/beckond/settings.hpp"

#include "apps/account.hpp"

namespace beckon::apps {

run::Result<Settings> readSettings(const std::filesystem::path& path) {
  auto file = run::ConfigFile::open(path);
  if (!file) return file.error();
  Settings settings;
  settings.stream = readAccount(*file);
  settings.stream.resource = "beckond";

  const auto listen = localbus::Endpoint::parse(file->textOr("bus.listen", settings.bus.url()));
  if (listen)
    settings.bus = *listen;
  else
    file->reject("bus.listen", listen.error().cause, listen.error().nextStep);

  for (const auto& jid : readJids(*file, "access.principals")) settings.policy.principals.insert(jid.text());
  settings.state = file->pathOr("robot.state", path.parent_path() / "state");

  if (const auto valid = file->finish(); !valid) return valid.error();
  return settings;
}

}  // namespace beckon::apps
