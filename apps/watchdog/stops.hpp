#pragma once

#include "directory/session.hpp"
#include "policy/lease.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace beckon::watchdog {

// The methods that bring the robot to rest, on connections of their own that are there before they are needed: they
// work when the directory does not. Lives on the session's executor.
class Stops : public std::enable_shared_from_this<Stops> {
 public:
  using Actions = std::vector<policy::Lease::Stop>;

  // `ownDirectory`: the directory is in beckond, and a service that is reached through it is out of reach when beckond
  // dies.
  Stops(std::shared_ptr<directory::Session> session, bool ownDirectory, run::Log log);

  // What has to be in reach from now on.
  void want(Actions actions) { wanted_ = std::move(actions); }
  // Opens what is not there, and says what is missing; nothing: all of it could be done now. One service that hangs
  // keeps no other from being opened.
  boost::asio::awaitable<std::optional<std::string>> look() { return all(wanted_, &Stops::reach); }
  // Does them, all at once. What has been asked of a service is left to it for as long as it takes, for it may take
  // seconds to sit down; it is asked again where it refuses or is out of reach, for a minute. The result says what
  // could not be done.
  boost::asio::awaitable<std::optional<std::string>> carryOut(Actions actions) {
    return all(std::move(actions), &Stops::carryOutOne);
  }

 private:
  using Act = boost::asio::awaitable<std::optional<std::string>> (Stops::*)(policy::Lease::Stop action);
  boost::asio::awaitable<std::optional<std::string>> all(Actions actions, Act act);
  boost::asio::awaitable<std::optional<std::string>> reach(policy::Lease::Stop action);
  boost::asio::awaitable<std::optional<std::string>> carryOutOne(policy::Lease::Stop action);

  std::shared_ptr<directory::Session> session_;
  bool ownDirectory_;
  run::Log log_;
  Actions wanted_;
  std::map<std::string, std::shared_ptr<localbus::RemoteObject>> services_;
};

}  // namespace beckon::watchdog
