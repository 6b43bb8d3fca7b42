#pragma once

#include "core/run/error.hpp"
#include "remote/fleet.hpp"
#include "xmpp/client.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::remote {

// One request to a robot.
struct Request {
  enum class Kind {
    read,    // changes nothing
    change,  // is carried out once, and not late
    state,   // changes something that is the same however often it is asked
  };
  Kind kind = Kind::read;
  xmpp::Element payload;
  std::chrono::milliseconds time{0};  // how long the robot may take
  // Told of the result as it arrives, before anything that came after it on the stream.
  std::function<void(const xmpp::Element&)> onResult = {};
};

// Asks robots. A request whose answer is lost with a connection, this side's or the robot's, is asked again as soon as
// the robot is there again, until its time is over: it carries an id, so that nothing is done twice, and a time to
// live, so that nothing is done late (docs/protocol/rpc.md). On the client's executor.
class Exchanges {
 public:
  // What the way there and back may add to the time that a service may take; also how long a request that changes
  // something may be on its way.
  static constexpr std::chrono::milliseconds travelTime{5000};

  // Both outlive it. `patience`: how long presence may take to arrive once we are online.
  Exchanges(Fleet& fleet, xmpp::Client& client, std::chrono::milliseconds patience);

  // The payload of the answer. Errors: unknownRobot (not configured, not there, or it does not know us), those that
  // the robot gives, timedOut, connectionLost.
  boost::asio::awaitable<run::Result<xmpp::Element>> ask(std::string robot, Request request);
  // What is being asked fails with connectionLost, and what is asked from now on.
  void close();

 private:
  struct Attempt;
  struct RobotClock {
    unsigned arrival = 0;
    xmpp::rpc::Moment now;
    std::chrono::steady_clock::time_point at;
  };

  void send(const xmpp::Jid& to, const xmpp::Element& payload, const std::shared_ptr<Attempt>& attempt);
  boost::asio::awaitable<run::Result<>> stamp(xmpp::Jid to, xmpp::Element& payload);
  run::Error awayError(const std::string& robot) const;

  Fleet& fleet_;
  xmpp::Client& client_;
  std::chrono::milliseconds patience_;
  std::map<xmpp::Jid, RobotClock> clocks_;                  // by full JID
  std::map<xmpp::Jid, std::vector<std::string>> answered_;  // ids that the robot need not remember, by account
  std::string prefix_;                                      // of our ids, which nobody else has
  unsigned long lastId_ = 0;
  bool isClosed_ = false;
  std::shared_ptr<void> here_ = std::make_shared<char>();  // answers may come later than our end, as the client's does
};

}  // namespace beckon::remote
