#pragma once

#include "core/qi/json.hpp"
#include "core/qi/meta_object.hpp"
#include "core/run/log.hpp"
#include "xmpp/strophe_stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace beckon::remote {

// A robot that is there, as its presence says.
struct Robot {
  std::string account;      // bare JID
  std::string address;      // full JID
  std::string id;           // its own, whatever account it uses
  std::string fingerprint;  // of its key: SHA-256, hex
};

// The other side: an account on an XMPP server from which robots are found and called. Lives on the executor
// of `io`. A robot is named by its account (bare JID), by the part before the "@" where only one of the
// configured robots has it, or by its id.
class Remote {
 public:
  struct Options {
    xmpp::StropheConfig stream;
    std::vector<xmpp::Jid> robots;  // accounts: watched, and approved when they ask
    // How long presence may take to arrive once we are online.
    std::chrono::milliseconds patience{3000};
  };

  Remote(boost::asio::io_context& io, Options options, run::Log log);
  ~Remote();

  // Logs in, once. Errors: unreachable, badCertificate, notAuthenticated, timedOut.
  boost::asio::awaitable<run::Result<>> start();
  void stop();

  // The configured robots that are there: at once when all are, otherwise after `patience`.
  boost::asio::awaitable<std::vector<Robot>> robots();

  // Errors: unknownRobot (not configured, not there, or it does not know us), those that the robot gives,
  // timedOut, connectionLost.
  boost::asio::awaitable<run::Result<std::vector<std::string>>> services(std::string robot);
  boost::asio::awaitable<run::Result<qi::MetaObject>> info(std::string robot, std::string service);
  boost::asio::awaitable<run::Result<qi::Value>> call(std::string robot, std::string service, std::string method,
                                                      qi::Json arguments, std::chrono::milliseconds time);
  boost::asio::awaitable<run::Result<qi::Value>> get(std::string robot, std::string service, std::string property,
                                                     std::chrono::milliseconds time);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace beckon::remote
