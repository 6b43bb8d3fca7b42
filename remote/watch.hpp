#pragma once

#include "core/qi/value.hpp"
#include "remote/exchange.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace beckon::remote {

// A signal or property of a robot that is watched: the subscription is renewed, made again after a reconnect of either
// side, and what was missed meanwhile is counted. Ends with the object.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  enum class State {
    live,         // events arrive
    serviceGone,  // the robot is there, its service is not
    away,         // the robot, or the connection to the server, is not there
  };
  struct Events {
    std::function<void(const qi::Value& arguments)> value;  // a Tuple
    // Events that happened and did not arrive; how many, if that can be known.
    std::function<void(std::optional<std::uint64_t> count)> missed;
    std::function<void(State)> state;
    // The robot has ended it, and why; nothing comes afterwards.
    std::function<void(const run::Error& why)> ended = {};
  };

  // All outlive it.
  Watch(Fleet& fleet, Exchanges& exchanges, xmpp::Client& client, std::string robot, std::string service,
        std::string member, std::string id, Events events);
  ~Watch();

  // The first subscription. Errors: those of Exchanges::ask.
  boost::asio::awaitable<run::Result<>> begin();
  // Renews it until the watch is destroyed or the robot refuses it, then ends.
  static boost::asio::awaitable<void> keep(std::weak_ptr<Watch> watch, Fleet& fleet);

  const std::string& id() const { return id_; }
  // An event that came for this id.
  void received(const xmpp::Jid& from, const xmpp::Element& event);

 private:
  boost::asio::awaitable<run::Result<>> subscribe();
  void subscribed(const xmpp::Element& result);
  void noteAddress();
  void become(State state);
  void end(const run::Error& why);

  Fleet& fleet_;
  Exchanges& exchanges_;
  xmpp::Client& client_;
  const std::string robot_, service_, member_, id_;
  Events events_;
  xmpp::Jid address_;      // where it was subscribed last
  unsigned arrival_ = 0;   // of the robot there
  std::uint64_t seq_ = 0;  // of the last event that came or is known to be missing
  bool hasBegun_ = false, hasEnded_ = false;
  State state_ = State::live;
  std::chrono::steady_clock::time_point due_;  // when it is renewed, or tried again
};

}  // namespace beckon::remote
