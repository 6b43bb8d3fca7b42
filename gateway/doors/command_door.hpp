#pragma once

#include "gateway/doors/xmpp_requests.hpp"
#include "xmpp/client.hpp"

#include <memory>
#include <set>
#include <string>

namespace beckon::gateway {

// The door for clients that know ad-hoc commands and data forms, and nothing of Beckon (docs/protocol/commands.md):
// what a caller may call is listed, a form asks for the arguments, and what was filled in is a request like any other.
// What may not be called is answered as what does not exist, and who may nothing at all gets the answer of an account
// that does not exist. Everything on the executor of its requests.
class CommandDoor {
 public:
  // A service with more methods than these is listed as one command that asks for the method first.
  static constexpr std::size_t mostListed = 4;

  explicit CommandDoor(std::shared_ptr<XmppRequests> requests);
  CommandDoor(const CommandDoor&) = delete;
  CommandDoor& operator=(const CommandDoor&) = delete;

  // What the client has to announce.
  static std::set<std::string> features();
  // From now on the client's requests for commands come here. It outlives this, or is stopped before.
  void open(xmpp::Client& client);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::gateway
