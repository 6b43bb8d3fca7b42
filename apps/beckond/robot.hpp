#pragma once

#include "apps/beckond/battery.hpp"
#include "apps/beckond/fleet_member.hpp"
#include "apps/beckond/others.hpp"
#include "apps/beckond/settings.hpp"
#include "apps/beckond/status_port.hpp"
#include "apps/beckond/telling.hpp"
#include "apps/beckond/watchdog_process.hpp"
#include "apps/beckond/xmpp_doors.hpp"
#include "core/dnssd/announcement.hpp"
#include "core/run/identity.hpp"
#include "core/run/log.hpp"
#include "core/run/network_changes.hpp"
#include "directory/service_directory.hpp"
#include "directory/session.hpp"
#include "gateway/counts.hpp"
#include "gateway/doors/lan_door.hpp"
#include "policy/live_tokens.hpp"
#include "policy/policy_file.hpp"
#include "xmpp/client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace beckon::apps {

// Everything that beckond is made of, wired together: the directory (our own, or somebody else's), a session on it,
// the account on the XMPP server, the LAN door, and the doors between them and the bus. Bus and server come and go by
// themselves: while one is away, the other stays, and who asks is told.
class RobotSide {
 public:
  RobotSide(boost::asio::io_context& io, Settings settings, run::Log log);

  // Until stop(); an error is one that no waiting would mend (the bus cannot listen, no identity). Prints
  // "ready URL" each time that the bus can be used, "announced JID" each time presence is announced, "lan URL
  // SHA256:KEY" once the LAN door is open, "announced NAME.local" each time that it is announced in the network.
  boost::asio::awaitable<run::Result<>> run();
  void stop();

 private:
  run::Result<> open();
  void close();
  run::Result<> holdBus();
  void useToken();
  // A session on the bus with capabilities of its own.
  std::shared_ptr<directory::Session> onBus(const qi::CapabilityMap& capabilities) const;
  run::Result<> openLan();
  void announceLan(const localbus::Endpoint& listening, const std::string& key);
  run::Result<> openRecord();
  void recordPolicy() const;
  // robot_presence.cpp
  std::set<xmpp::Jid> contacts() const;  // whom the policy names
  run::Result<> announce(const run::Identity& identity);
  run::Result<> offerOthers();
  void openDoors();
  void watchBattery();
  fleet::Condition condition() const;
  std::vector<xmpp::Element> payload() const;
  void mayHaveChanged();
  void tell();
  // robot_transfer.cpp
  void leaveSoon();
  void become();
  // robot_status.cpp
  run::Result<> openStatus();
  std::vector<PartHealth> health() const;
  void countParts();

  boost::asio::io_context& io_;
  Settings settings_;
  run::Log log_;
  boost::asio::steady_timer stopped_, tellAgain_, leaving_;
  std::optional<directory::ServiceDirectory> directory_;
  policy::Authority authority_;
  std::optional<policy::PolicyFile> policyFile_;
  std::shared_ptr<policy::audit::Trail> trail_;
  run::Metrics metrics_;
  gateway::Counts counts_{metrics_};
  std::optional<policy::LiveTokens> tokens_;
  std::optional<xmpp::Client> client_;
  std::optional<run::NetworkChanges> network_;
  std::shared_ptr<FleetMember> member_;
  std::optional<Others> others_;
  bool hasMoved_ = false;                  // to another fleet, and its client is still here
  std::optional<run::Identity> identity_;  // with an account
  std::string login_;                      // names what follows the last end of the stream
  bool tells_ = false;                     // between announce() and close()
  Telling telling_;
  fleet::Condition told_;
  std::shared_ptr<Battery> battery_;
  std::optional<Battery::Charge> charge_;
  std::shared_ptr<gateway::Control> control_;
  std::optional<WatchdogProcess> watchdog_;
  std::optional<XmppDoors> doors_;
  std::string machineId_;
  localbus::Endpoint busFromHere_;
  std::shared_ptr<directory::Session> bus_;
  std::optional<policy::Admission> admission_;
  std::optional<gateway::LanDoor> lan_;
  std::optional<dnssd::Announcement> lanAnnouncement_;
  std::string offline_ = "not yet there";  // why there is no presence, while there is none
  std::optional<StatusPort> status_;
  std::shared_ptr<void> tokensEnd_;
  std::shared_ptr<void> policyRecorded_, leasesRecorded_;
  std::shared_ptr<void> listening_;  // to changes of the policy
  std::shared_ptr<void> turned_;     // to those of control
};

}  // namespace beckon::apps
