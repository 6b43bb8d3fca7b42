#include "apps/beckond/others.hpp"

#include "policy/view.hpp"

namespace beckon::apps {

Others::Others(boost::asio::io_context& io, xmpp::Client& client, std::vector<xmpp::Jid> robots,
               const std::optional<fleet::Membership>& membership, fleet::KnownFleet known, run::Log log)
    : remote_(io, client, options(std::move(robots), membership, std::move(known), log), log),
      events_(remote_.events()),
      service_(io, remote_) {}

remote::Remote::Options Others::options(std::vector<xmpp::Jid> robots,
                                        const std::optional<fleet::Membership>& membership, fleet::KnownFleet known,
                                        const run::Log& log) {
  remote::Remote::Options out;
  out.robots = std::move(robots);
  if (!membership) return out;
  const auto home = xmpp::Jid::parse(membership->account).value().domain();  // as Membership::load has made sure
  std::vector<std::string> ours;
  for (const auto& robot : out.robots)
    if (robot.domain() == home) ours.push_back(robot.text());
  if (const auto kept = known.setRobots(std::move(ours)); !kept)
    log->warn("the fleet's robots are not remembered: {}; next: {}", kept.error().cause, kept.error().nextStep);
  out.known = std::move(known);
  out.owner = membership->ownerKey;
  return out;
}

run::Result<> Others::offer(directory::Session& bus) {
  return bus.provide(std::string(policy::otherRobotsService), service_.object());
}

void Others::close() {
  service_.close();
  remote_.stop();
}

}  // namespace beckon::apps
