#pragma once

#include "fleet/condition.hpp"
#include "fleet/known_fleet.hpp"
#include "policy/pattern.hpp"
#include "xmpp/client.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace beckon::remote {

// A configured robot, as presence tells.
struct Robot {
  std::string account;      // bare JID
  std::string address;      // full JID; empty while it is not there
  std::string id;           // its own, whatever account it uses
  std::string fingerprint;  // of its key: SHA-256, hex
  // Of a robot of our fleet: why it is not taken for what it says (badStatement). It is not asked for anything then.
  std::optional<run::Error> problem = {};
  // How old this is: since it announced itself or, where it is not there, since the server said so. Absent while
  // nothing is known of it.
  std::optional<std::chrono::milliseconds> age;

  // Of a robot of our fleet: for how long its relay had not heard it, when it was asked last.
  std::optional<std::chrono::milliseconds> silence = {};

  // Its server shows a robot, which need not have said yet what it can.
  bool isShown = false;
  // How it says that it is; nothing is known of who is not there.
  fleet::Condition condition = {};
  // Of a robot of our fleet: it was enrolled, and has not logged in since.
  bool isAwaited = false;

  bool isThere() const { return !address.empty(); }
  // `suspect`: its server says that it is there, and its relay does not hear it.
  enum class State { unknown, online, suspect, offline };
  State state() const;
};

// The robots that are configured, and what the client knows of them. On the client's executor.
class Fleet {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `client` outlives it. A robot is named by its account, by the part before the "@" where only one of them has it,
  // or by its id.
  Fleet(boost::asio::any_io_executor executor, const xmpp::Client& client, std::vector<xmpp::Jid> robots);

  // Of a device of a fleet: what it knows of it, which outlives this, and its owner's key. The robots of the fleet
  // stand beside the configured ones then. Each of them, and whoever has ever shown it, has to show what the owner has
  // signed.
  void use(fleet::KnownFleet& known, const run::PublicKey& owner);
  // The known robots are others now.
  void robotsChanged();
  // The relay says that it has not heard that robot for so long.
  void tellSilence(const xmpp::Jid& robot, std::chrono::milliseconds silence) { silences_[robot] = silence; }
  // The relay says that these were enrolled and have not logged in since: nobody waits for a word of them.
  void expect(std::set<xmpp::Jid> robots);
  // Whether the relay is still to tell who belongs to our fleet: the list is not complete before.
  void awaitMembers(bool isAwaited);
  bool areMembersAwaited() const { return membersAreAwaited_; }
  // All, without repetition.
  const std::vector<xmpp::Jid>& accounts() const { return accounts_; }

  // Writes what was seen of the fleet, which otherwise happens a moment later.
  void keep();

  // To be told of the client's events.
  void received(const xmpp::Presence& presence);
  void settled(const xmpp::Jid& contact);
  void changed();  // anything else that somebody may wait for

  std::vector<Robot> robots() const;
  // Whether what the server knows has arrived, of all of them or of one.
  bool isComplete() const;
  // When it came of one of them last.
  Time settledAt() const { return settledAt_; }
  bool isSettled(const xmpp::Jid& account) const;

  // The account that `name` means. Errors: invalidArgument, unknownRobot.
  run::Result<xmpp::Jid> account(const std::string& name) const;
  // The accounts that match, or whose part before the "@" does. Error unknownRobot: none does.
  run::Result<std::vector<std::string>> matching(const policy::Glob& names) const;
  // Where the robot of that name is now; nowhere if it is not what it says.
  std::optional<xmpp::Jid> addressOf(const std::string& name) const;
  std::optional<Robot> robot(const std::string& name) const;
  // See Robot::problem.
  std::optional<run::Error> problemOf(const std::string& name) const;
  // Counts how often a robot came at this address; 0: never. What was asked before a new arrival may be lost. A
  // presence that a robot sends while it stays there is none.
  unsigned arrivals(const xmpp::Jid& address) const;

  // Until something changed, or `end`.
  boost::asio::awaitable<void> untilChanged(Time end);

 private:
  std::vector<const xmpp::Presence*> presencesOf(const xmpp::Jid& account) const;
  const xmpp::Presence* robotAt(const xmpp::Jid& account) const;
  Robot robotOf(const xmpp::Jid& account) const;
  bool hasToShow(const xmpp::Jid& account) const;  // what the owner has signed
  void remember(const xmpp::Presence& presence);
  // It has not answered its relay, or not told it that it is there: it will not tell us what it can.
  bool isSilent(const xmpp::Jid& account) const;
  run::Error notKnown(const std::string& cause) const;
  std::optional<run::Error> problemWith(const xmpp::Presence& presence) const;

  boost::asio::any_io_executor executor_;
  const xmpp::Client& client_;
  std::vector<xmpp::Jid> configured_, accounts_;
  std::set<xmpp::Jid> members_;
  fleet::KnownFleet* known_ = nullptr;
  std::map<xmpp::Jid, std::chrono::milliseconds> silences_;
  std::set<xmpp::Jid> awaited_;                     // have not logged in yet
  std::map<xmpp::Jid, fleet::Statement> verified_;  // so that each call and event need not verify a signature
  run::PublicKey owner_{};
  bool membersAreAwaited_ = false;
  Time settledAt_{};
  mutable std::size_t missing_ = 0;          // isComplete() ended at this account
  std::map<xmpp::Jid, unsigned> arrivals_;   // by full JID
  std::map<xmpp::Jid, std::string> logins_;  // by full JID: what the last arrival called itself
  std::map<xmpp::Jid, Time> told_;           // of an account, when its last word came
  std::set<boost::asio::steady_timer*> waiting_;
  boost::asio::steady_timer keeping_;
  bool isKeeping_ = false;  // keep() is on its way
  std::shared_ptr<const int> alive_ = std::make_shared<const int>();
};

}  // namespace beckon::remote
