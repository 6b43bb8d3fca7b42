#pragma once

#include "core/run/log.hpp"
#include "directory/session.hpp"
#include "policy/policy.hpp"
#include "xmpp/client.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace beckon::gateway {

// The door for calls by IQ (docs/protocol/rpc.md): a request that policy::decide allows is carried out on the
// bus. Who is not allowed gets the answer of an account that does not exist.
// Everything on the executor of `io`; the client must outlive the door's use of it.
class IqDoor {
 public:
  IqDoor(boost::asio::io_context& io, std::shared_ptr<directory::Session> bus, policy::Policy policy, run::Log log);

  // From now on the client's requests in urn:beckon:rpc:0 come here.
  void open(xmpp::Client& client);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::gateway
