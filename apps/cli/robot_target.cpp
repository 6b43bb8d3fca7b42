#include "apps/cli/robot_target.hpp"

#include "apps/account.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace beckon::cli {

run::Result<remote::Remote::Options> readRemote(const std::filesystem::path& path) {
  auto membership = fleet::Membership::load(stateFolder(path));
  if (!membership) return membership.error();
  remote::Remote::Options options;
  options.membership = std::move(*membership);
  if (options.membership) {
    auto known = fleet::KnownFleet::open(options.membership->folder);
    if (!known) return known.error();
    options.known = std::move(*known);
  }
  // Who is enrolled need not configure anything.
  std::error_code problem;
  if (options.membership && !std::filesystem::exists(path, problem)) {
    auto stream = apps::accountOf(*options.membership);
    if (!stream) return stream.error();
    options.stream = std::move(*stream);
    return options;
  }
  auto file = run::ConfigFile::open(path);
  if (!file) {
    auto error = file.error();
    if (!std::filesystem::exists(path, problem))
      error.nextStep += "; or enrol this device in a fleet: beckon enroll CODE";
    return error;
  }
  options.stream = apps::readAccount(*file, options.membership);
  options.robots = apps::readJids(*file, "robots");
  if (const auto valid = file->finish(); !valid) return valid.error();
  return options;
}

std::filesystem::path usualConfig() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder && *folder)
    return std::filesystem::path(folder) / "beckon" / "remote.toml";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home ? home : ".") / ".config" / "beckon" / "remote.toml";
}

std::filesystem::path stateFolder(const std::filesystem::path& config) {
  return std::filesystem::absolute(config).parent_path() / "state";
}

Awaitable<std::vector<ListedService>> RobotTarget::services() {
  const auto names = co_await remote_.services(robot_);
  if (!names) co_return names.error();
  std::vector<ListedService> out;
  for (const auto& name : *names) out.push_back({name, 0, 0, {}});
  co_return out;
}

Awaitable<qi::MetaObject> RobotTarget::info(std::string service) { return remote_.info(robot_, std::move(service)); }

Awaitable<qi::Value> RobotTarget::call(std::string service, std::string method, qi::Json arguments,
                                       std::chrono::milliseconds time) {
  return remote_.call(robot_, std::move(service), std::move(method), std::move(arguments), time);
}

Awaitable<qi::Value> RobotTarget::get(std::string service, std::string property, std::chrono::milliseconds time) {
  return remote_.get(robot_, std::move(service), std::move(property), time);
}

Awaitable<void> RobotTarget::post(std::string service, std::string method, qi::Json arguments) {
  return remote_.post(robot_, std::move(service), std::move(method), std::move(arguments));
}

Awaitable<void> RobotTarget::set(std::string service, std::string property, qi::Json value,
                                 std::chrono::milliseconds time) {
  return remote_.set(robot_, std::move(service), std::move(property), std::move(value), time);
}

}  // namespace beckon::cli
