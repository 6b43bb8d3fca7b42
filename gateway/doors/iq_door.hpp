#pragma once

#include "gateway/doors/xmpp_requests.hpp"
#include "xmpp/client.hpp"

#include <memory>

namespace beckon::gateway {

// The door for requests by IQ (docs/protocol/rpc.md): what the policy grants is carried out on the bus, never twice and
// never late; signals are watched for as long as it does. What is not granted is answered as what does not exist, and
// who may nothing at all gets the answer of an account that does not exist. Everything on the executor of its requests.
class IqDoor {
 public:
  explicit IqDoor(std::shared_ptr<XmppRequests> requests);
  ~IqDoor();  // closes
  IqDoor(const IqDoor&) = delete;
  IqDoor& operator=(const IqDoor&) = delete;

  // From now on the client's requests in urn:beckon:rpc:0 come here, and events leave by it. It outlives the door, or
  // the door is closed before.
  void open(xmpp::Client& client);
  // Ends all subscriptions; requests that are under way are answered as long as the client is there.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::gateway
