#pragma once

#include "core/run/log.hpp"
#include "directory/session.hpp"
#include "gateway/control.hpp"
#include "policy/audit/trail.hpp"
#include "policy/authority.hpp"
#include "xmpp/client.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace beckon::gateway {

// The door for requests by IQ (docs/protocol/rpc.md): what the policy grants is carried out on the bus, never twice and
// never late; signals are watched for as long as it does. What is not granted is answered as what does not exist, and
// who may nothing at all gets the answer of an account that does not exist. Everything on the executor of `io`.
class IqDoor {
 public:
  // `authority` outlives it.
  IqDoor(boost::asio::io_context& io, policy::Authority& authority, run::Log log);
  ~IqDoor();  // closes
  IqDoor(const IqDoor&) = delete;
  IqDoor& operator=(const IqDoor&) = delete;

  // From now on callers may take control leases.
  void offer(std::shared_ptr<Control> control);
  // Where it is recorded from now on what is done.
  void record(std::shared_ptr<policy::audit::Trail> trail);
  // The bus from now on.
  void use(std::shared_ptr<directory::Session> bus);
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
