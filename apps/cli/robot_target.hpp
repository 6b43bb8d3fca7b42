#pragma once

#include "apps/cli/target.hpp"
#include "remote/remote.hpp"

#include <filesystem>

namespace beckon::cli {

// The remote's configuration (docs/configuration.md): [xmpp] as for beckond, and robots = [accounts].
run::Result<remote::Remote::Options> readRemote(const std::filesystem::path& path);
// Where it is looked for when --config is not given: $XDG_CONFIG_HOME/beckon/remote.toml.
std::filesystem::path usualConfig();
// Where a device keeps what it has by enrolment: beside its configuration.
std::filesystem::path stateFolder(const std::filesystem::path& config);

// One robot by way of the XMPP server. The remote must outlive it.
class RobotTarget : public Target {
 public:
  RobotTarget(remote::Remote& remote, std::string robot) : remote_(remote), robot_(std::move(robot)) {}

  Awaitable<std::vector<ListedService>> services() override;
  Awaitable<qi::MetaObject> info(std::string service) override;
  Awaitable<qi::Value> call(std::string service, std::string method, qi::Json arguments,
                            std::chrono::milliseconds time) override;
  Awaitable<void> post(std::string service, std::string method, qi::Json arguments) override;
  Awaitable<qi::Value> get(std::string service, std::string property, std::chrono::milliseconds time) override;
  Awaitable<void> set(std::string service, std::string property, qi::Json value,
                      std::chrono::milliseconds time) override;
  std::string path() const override { return "XMPP"; }

 private:
  remote::Remote& remote_;
  std::string robot_;
};

}  // namespace beckon::cli
