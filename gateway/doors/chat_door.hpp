#pragma once

#include "gateway/doors/xmpp_requests.hpp"
#include "xmpp/client.hpp"

#include <memory>
#include <string_view>

namespace beckon::gateway {

// The door for people who write to the robot: `say hello` calls, `help` tells what may be called
// (docs/protocol/commands.md, "By chat"). A line is a request like any other. Strangers get no answer, and neither does
// what no person has just written. Everything on the executor of its requests.
class ChatDoor {
 public:
  // Marks the answers, and is a feature of the client: robots do not answer each other.
  static constexpr std::string_view ns = "urn:beckon:chat:0";
  static constexpr std::size_t longestLine = 16 * 1024;    // bytes
  static constexpr std::size_t longestAnswer = 16 * 1024;  // bytes; what is longer is cut

  explicit ChatDoor(std::shared_ptr<XmppRequests> requests);
  ChatDoor(const ChatDoor&) = delete;
  ChatDoor& operator=(const ChatDoor&) = delete;

  // Answers leave by it from now on. It outlives this, or close() comes before.
  void open(xmpp::Client& client);
  void close();
  // Of every message that comes.
  void received(const xmpp::Element& message);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::gateway
