#pragma once

#include "cloud-relay/accounts.hpp"
#include "cloud-relay/fleet_store.hpp"
#include "core/run/log.hpp"
#include "fleet/enrolment.hpp"
#include "policy/guesses.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <set>
#include <string>

namespace beckon::relay {

// Enrols: exchanges a code, once, for an account. What it hands out it does not keep: the secret is in the answer
// alone. On one executor.
class Registrar {
 public:
  // What an answer tells of the servers.
  struct Place {
    std::string host;  // of the XMPP server, for those who enrol; empty: by DNS
    unsigned short port = 0;
    std::string authorities;  // PEM; empty: the system's will do
    std::string relay;        // the component's JID
  };

  // Store and accounts outlive it.
  Registrar(FleetStore& store, Accounts& accounts, Place place, run::Log log);

  // `address`: whose guesses count together. Errors: overloaded for who guessed wrong too often, badCode and the others
  // of FleetStore::take and Accounts::make.
  boost::asio::awaitable<run::Result<fleet::EnrolmentAnswer>> enrol(fleet::EnrolmentRequest request,
                                                                    std::string address);
  // The account of a member is gone, with its streams; then nobody has it. Error overloaded, of enrol() too: the same
  // account is being changed by somebody else.
  boost::asio::awaitable<run::Result<Member>> revoke(std::string account);
  boost::asio::awaitable<run::Result<>> changeSecret(std::string account, std::string secret);

  // What the server says of who is logged in may still be of who had the account before.
  bool isBeingChanged(const std::string& account) const { return underWay_.contains(account); }

  // Told of each member who came, was stated, or went.
  void onChange(std::function<void(const Member&)> changed) { changed_ = std::move(changed); }
  // Told of each account from which whoever has it is put out, as soon as that begins: what it holds beside its streams
  // on the server ends then. Until it is done isBeingChanged().
  void onPutOut(std::function<void(const std::string& account)> putOut) { putOut_ = std::move(putOut); }

 private:
  boost::asio::awaitable<run::Result<fleet::EnrolmentAnswer>> take(fleet::EnrolmentRequest request,
                                                                   std::string address);
  boost::asio::awaitable<run::Result<>> makeAccount(const FleetStore::Taken& taken, const std::string& secret);

  // One at a time changes an account: what the store says of it and what the server has belong together.
  class Turn;

  FleetStore& store_;
  Accounts& accounts_;
  Place place_;
  run::Log log_;
  policy::Guesses guesses_;
  std::set<std::string> underWay_;  // accounts
  std::function<void(const Member&)> changed_ = [](const Member&) {};
  std::function<void(const std::string&)> putOut_ = [](const std::string&) {};
};

}  // namespace beckon::relay
