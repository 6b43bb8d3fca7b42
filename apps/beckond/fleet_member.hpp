#pragma once

#include "core/run/identity.hpp"
#include "core/run/log.hpp"
#include "fleet/membership.hpp"
#include "xmpp/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace beckon::apps {

// The robot as a member of a fleet: asks the relay what the owner has signed of it, at each login and when the relay
// says that it has changed; tells the relay that it is there; changes its password once a month. On the client's
// executor.
class FleetMember : public std::enable_shared_from_this<FleetMember> {
 public:
  // `client` outlives it. `stated`: called when statement() is another one.
  FleetMember(boost::asio::any_io_executor executor, xmpp::Client& client, fleet::Membership membership,
              run::Identity identity, std::function<void()> stated, run::Log log);

  static constexpr std::chrono::days secretLifetime{30};

  // For the next login.
  const std::string& secret() const;
  // What the owner has signed, to be shown in presence.
  const std::optional<fleet::Statement>& statement() const { return membership_.statement; }
  // To be told of the client's events.
  void online();
  void offline(const run::Error& why);
  void received(const xmpp::Element& message);

 private:
  void refresh();
  void beat();
  void learn(const xmpp::Element& answer);
  void show(const fleet::Statement& statement);
  void changeSecret();
  void settleSecret(const std::string& secret);
  void save();

  boost::asio::steady_timer timer_;
  xmpp::Client& client_;
  fleet::Membership membership_;
  run::Identity identity_;
  std::function<void()> stated_;
  run::Log log_;
  const std::string run_;   // names this one
  bool triesNext_ = false;  // the password that may have been granted
  bool isCloned_ = false;
};

}  // namespace beckon::apps
