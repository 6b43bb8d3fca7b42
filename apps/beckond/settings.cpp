#include "apps/beckond/settings.hpp"

#include "apps/account.hpp"

namespace beckon::apps {

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

  for (const auto& jid : readJids(*file, "access.principals")) settings.policy.principals.insert(jid.text());
  settings.state = file->pathOr("robot.state", path.parent_path() / "state");

  if (const auto valid = file->finish(); !valid) return valid.error();
  return settings;
}

}  // namespace beckon::apps
