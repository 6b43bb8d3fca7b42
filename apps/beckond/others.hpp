#pragma once

#include "core/run/log.hpp"
#include "directory/session.hpp"
#include "fleet/known_fleet.hpp"
#include "fleet/membership.hpp"
#include "remote/other_robots.hpp"
#include "xmpp/client.hpp"

#include <optional>
#include <vector>

namespace beckon::apps {

// Other robots, for the programs on this robot's bus: by its own account and connection, since a second login would
// look like a clone. Of a robot in a fleet, others with an account on the same server have to show what its owner has
// signed.
class Others {
 public:
  // `client` outlives it.
  Others(boost::asio::io_context& io, xmpp::Client& client, std::vector<xmpp::Jid> robots,
         const std::optional<fleet::Membership>& membership, fleet::KnownFleet known, run::Log log);

  // What is to be told of the client's events.
  const xmpp::Client::Events& events() const { return events_; }
  // From now on. Error nameTaken.
  run::Result<> offer(directory::Session& bus);
  void close();

 private:
  static remote::Remote::Options options(std::vector<xmpp::Jid> robots,
                                         const std::optional<fleet::Membership>& membership, fleet::KnownFleet known,
                                         const run::Log& log);

  remote::Remote remote_;
  xmpp::Client::Events events_;
  remote::OtherRobots service_;
};

}  // namespace beckon::apps
