#pragma once

#include "core/run/error.hpp"
#include "xmpp/component.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>
#include <vector>

namespace beckon::relay {

// The accounts of an XMPP server, by its ad-hoc commands for administrators (XEP-0133), which Prosody and ejabberd both
// have (docs/design/032). The server must count the component among its administrators. On the component's executor.
class Accounts {
 public:
  // `component` outlives it. `domain`: the server's, whose accounts these are.
  Accounts(xmpp::Component& component, xmpp::Jid domain) : component_(component), domain_(std::move(domain)) {}

  const xmpp::Jid& domain() const { return domain_; }
  // Whether there is anybody to ask now.
  bool isReachable() const { return component_.online(); }

  // Error nameTaken: there is one of that name. Errors of all: refused (we are no administrator there), timedOut,
  // connectionLost; callFailed with what the server says.
  boost::asio::awaitable<run::Result<>> make(std::string account, std::string secret);
  // Whoever is logged in stays so, until endStreams().
  boost::asio::awaitable<run::Result<>> changeSecret(std::string account, std::string secret);
  boost::asio::awaitable<run::Result<>> endStreams(std::string account);
  // With all that the server knows of it; its streams end. One that is not there is removed already.
  boost::asio::awaitable<run::Result<>> remove(std::string account);

 private:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  // Gives what the server notes.
  boost::asio::awaitable<run::Result<std::string>> command(std::string name, Fields fields);

  xmpp::Component& component_;
  xmpp::Jid domain_;
};

}  // namespace beckon::relay
