#pragma once

#include "core/qi/json.hpp"
#include "core/qi/meta_object.hpp"
#include "core/run/log.hpp"
#include "fleet/known_fleet.hpp"
#include "fleet/membership.hpp"
#include "fleet/protocol.hpp"
#include "remote/fleet.hpp"
#include "remote/watch.hpp"
#include "xmpp/client_stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace beckon::remote {

// The other side: an account on an XMPP server from which robots are found, called and watched. Lives on the executor
// of `io`. How a robot is named: see Fleet. What is asked while a connection is lost and comes back is asked again, but
// carried out once: see Exchanges.
class Remote {
 public:
  struct Options {
    xmpp::ClientStreamConfig stream;
    std::vector<xmpp::Jid> robots;  // accounts: watched, and approved when they ask
    // Of a device that is enrolled in a fleet: its robots are found by themselves, and each has to show what the owner
    // has signed.
    std::optional<fleet::Membership> membership = {};
    fleet::KnownFleet known = {};  // with a membership, or an owner
    // Without a membership: those that `known` lists have to show what he has signed.
    std::optional<run::PublicKey> owner = {};
    // How long presence may take to arrive once we are online.
    std::chrono::milliseconds patience{3000};
  };

  Remote(boost::asio::io_context& io, Options options, run::Log log);
  // By a client that somebody else runs: not to be started, nor does stop() end the client. He passes the client's
  // events on. It outlives whatever is asked.
  Remote(boost::asio::io_context& io, xmpp::Client& client, Options options, run::Log log);
  xmpp::Client::Events events();
  ~Remote();

  // Logs in; afterwards it stays online by itself. Errors of the first attempt: unreachable, badCertificate,
  // notAuthenticated, timedOut.
  boost::asio::awaitable<run::Result<>> start();
  // Goes offline. What is being asked fails.
  void stop();

  struct Listing {
    std::vector<Robot> robots;    // each configured one
    bool isComplete = false;      // the server's word on all of them has come, and the relay's
    bool isFleetUnknown = false;  // the relay has not told now who belongs to our fleet; what was known of it serves
  };
  // At once when it is complete, otherwise when no more of it has come for `patience`.
  boost::asio::awaitable<Listing> robots();
  // See Fleet::matching; once the relay has told who belongs to the fleet, or after `patience`.
  boost::asio::awaitable<run::Result<std::vector<std::string>>> matching(policy::Glob names);

  // Of an enrolled device: the fleet, as the relay tells of it; and a request to the relay, without an answer but that
  // it was carried out. Errors: invalidConfig for a device that is not enrolled, those of the relay, timedOut,
  // connectionLost.
  boost::asio::awaitable<run::Result<fleet::MembersInfo>> members();
  boost::asio::awaitable<run::Result<>> tellRelay(xmpp::Element request);
  // Asks a robot for something that is not a service's, which may take so long: the payload of the answer, which has
  // the request's name. What changes something is to be the same however often it comes. Errors: as below.
  boost::asio::awaitable<run::Result<xmpp::Element>> tellRobot(std::string robot, xmpp::Element request,
                                                               std::chrono::milliseconds time);
  // The account of that robot. Errors: invalidArgument, unknownRobot.
  run::Result<xmpp::Jid> account(const std::string& robot) const;
  // Counts how often something in the fleet may have changed: the relay said so, or could not, as we were offline.
  unsigned long fleetChanges() const;
  // Until there are others than `before`, or `end`.
  boost::asio::awaitable<void> untilFleetChanged(unsigned long before, std::chrono::steady_clock::time_point end);
  fleet::KnownFleet& known();

  // Errors of all: unknownRobot (not configured, not there, or it does not know us), badStatement (it is not what it
  // says), those that the robot gives, timedOut, connectionLost, tooLate. What is asked outlives this: it fails.
  boost::asio::awaitable<run::Result<std::vector<std::string>>> services(std::string robot);
  boost::asio::awaitable<run::Result<qi::MetaObject>> info(std::string robot, std::string service);
  boost::asio::awaitable<run::Result<qi::Value>> call(std::string robot, std::string service, std::string method,
                                                      qi::Json arguments, std::chrono::milliseconds time);
  // Done when the robot has passed it on.
  boost::asio::awaitable<run::Result<>> post(std::string robot, std::string service, std::string method,
                                             qi::Json arguments);
  boost::asio::awaitable<run::Result<qi::Value>> get(std::string robot, std::string service, std::string property,
                                                     std::chrono::milliseconds time);
  boost::asio::awaitable<run::Result<>> set(std::string robot, std::string service, std::string property,
                                            qi::Json value, std::chrono::milliseconds time);
  // Watches until the object is destroyed.
  boost::asio::awaitable<run::Result<std::shared_ptr<Watch>>> watch(std::string robot, std::string service,
                                                                    std::string member, Watch::Events events);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::remote
