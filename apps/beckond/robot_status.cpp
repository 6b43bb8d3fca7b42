#include "apps/beckond/robot.hpp"

// What is told about the robot's side to whoever watches over it.
namespace beckon::apps {

using run::Metrics;
using run::Result;

Result<> RobotSide::openStatus() {
  countParts();
  trail_->onEntry([this](const policy::audit::Entry& entry) { counts_.count(entry); });
  status_.emplace(
      io_, metrics_, [this] { return health(); }, log_);
  const auto listening = status_->start(*settings_.status);
  if (!listening) return listening.error();
  log_->info("status on http://{}:{}/metrics and /healthz", listening->host, listening->port);
  return {};
}

std::vector<PartHealth> RobotSide::health() const {
  std::vector<PartHealth> out;
  const bool hasBus = bus_->isOpen();
  out.push_back({"bus", hasBus, (hasBus ? "reached at " : "no directory at ") + settings_.bus.url()});
  if (client_)
    out.push_back({"xmpp", client_->online(),
                   client_->online() ? "announced as " + client_->self().text() : "offline: " + offline_});
  if (lan_) out.push_back({"lan", true, std::to_string(lan_->sessions()) + " sessions"});
  const bool isRecorded = trail_->isSound();
  out.push_back(
      {"record", isRecorded, (isRecorded ? "kept in " : "cannot be written in ") + settings_.audit.folder.string()});
  out.push_back({"policy", true, "version " + authority_.current().version()});
  return out;
}

void RobotSide::countParts() {
  metrics_.gauge("beckon_build_info", "The version of this program.", [] {
    return std::vector<Metrics::Sample>{{{{"version", BECKON_VERSION}}, 1}};
  });
  metrics_.gauge("beckon_policy_info", "The version of the policy in force.", [this] {
    return std::vector<Metrics::Sample>{{{{"version", authority_.current().version()}}, 1}};
  });
  metrics_.gauge("beckon_part_sound", "Whether a part does what it is there for, as /healthz says.", [this] {
    std::vector<Metrics::Sample> out;
    for (const auto& part : health()) out.push_back({{{"part", part.name}}, part.isSound ? 1.0 : 0.0});
    return out;
  });
  if (!lan_) return;
  metrics_.gauge("beckon_lan_sessions", "Sessions at the LAN door.", [this] {
    return std::vector<Metrics::Sample>{{{}, static_cast<double>(lan_->sessions())}};
  });
  metrics_.gauge("beckon_lan_queued_bytes", "What waits for clients of the LAN door to read.", [this] {
    return std::vector<Metrics::Sample>{{{}, static_cast<double>(lan_->load().queued)}};
  });
  metrics_.gauge("beckon_lan_dropped_events", "Events dropped since the start because clients did not read.", [this] {
    return std::vector<Metrics::Sample>{{{}, static_cast<double>(lan_->load().dropped)}};
  });
}

}  // namespace beckon::apps
