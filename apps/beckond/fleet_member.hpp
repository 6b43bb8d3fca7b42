#pragma once

#include "core/run/identity.hpp"
#include "core/run/log.hpp"
#include "fleet/code.hpp"
#include "fleet/membership.hpp"
#include "fleet/transfer.hpp"
#include "xmpp/client.hpp"
#include "xmpp/proxy.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace beckon::apps {

// The robot as a member of a fleet: asks the relay what the owner has signed of it, at each login and when the relay
// says that it has changed; tells the relay that it is there, when it asks; changes its password once a month; goes to
// another fleet when the owner orders it. On the client's executor.
class FleetMember : public std::enable_shared_from_this<FleetMember> {
 public:
  struct Events {
    std::function<void()> stated;  // statement() is another one
    std::function<void()> moved;   // the folder holds a membership of another fleet; the owner is being answered
    // The only way out to a relay, if there is one.
    std::function<run::Result<std::optional<xmpp::Proxy>>(const std::string& host)> proxyTo;
  };
  // `client` outlives it.
  FleetMember(boost::asio::any_io_executor executor, xmpp::Client& client, fleet::Membership membership,
              run::Identity identity, Events events, run::Log log);
  // Takes the owner's orders and the relay's questions from now on; once.
  void open();

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
  void refresh(std::chrono::milliseconds patience);
  void staySeen();
  void learn(const xmpp::Element& answer);
  void show(const fleet::Statement& statement);
  void changeSecret();
  void settleSecret(const std::string& secret);
  void save();
  void ordered(const xmpp::IqRequest& request, const xmpp::IqReply& reply);
  run::Result<fleet::Code> accept(const fleet::TransferOrder& order);
  boost::asio::awaitable<void> move(fleet::Code code, std::string name, xmpp::IqReply reply);

  boost::asio::steady_timer timer_;
  xmpp::Client& client_;
  fleet::Membership membership_;
  run::Identity identity_;
  Events events_;
  run::Log log_;
  const std::string run_;   // names this one
  bool triesNext_ = false;  // the password that may have been granted
  bool isCloned_ = false;
  bool isMoving_ = false;        // or has moved
  std::optional<bool> isAsked_;  // the relay asks whether we are there; none: it has not answered since we are online
};

}  // namespace beckon::apps
