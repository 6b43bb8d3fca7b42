#pragma once

#include "core/run/log.hpp"
#include "directory/service_ids.hpp"
#include "directory/session.hpp"
#include "gateway/control.hpp"
#include "localbus/tls_context.hpp"
#include "policy/admission.hpp"
#include "policy/audit/trail.hpp"
#include "policy/authority.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace beckon::gateway {

// The way in from the network around the robot: one address and one port with TLS, behind it any number of services on
// any number of computers (docs/design/022). Who comes in is a principal of the policy, and sees, as a service
// directory of its own, what the policy shows it; nothing outside reaches the bus itself. Lives on the executor of
// `io`.
class LanDoor {
 public:
  struct Options {
    std::string machineId;
    // Asked before anything else. What it refuses is told with the error's cause, and the connection ends.
    std::function<run::Result<policy::Admitted>(const policy::Credentials&)> admit;
    // Connections on the bus of their own for one caller: a session with `capabilities` besides its own.
    std::function<std::shared_ptr<directory::Session>(const qi::CapabilityMap& capabilities)> bus;
    // Where it is recorded what was done; null: nowhere.
    std::shared_ptr<policy::audit::Trail> trail = {};
    // Numbers of services outside.
    directory::ServiceIds ids = {};
    // Of control leases; null: nobody can take one.
    std::shared_ptr<Control> control = nullptr;
  };

  // `bus`: the gateway's own session, whose onService belongs to the door. `authority` outlives it.
  LanDoor(boost::asio::io_context& io, policy::Authority& authority, std::shared_ptr<directory::Session> bus,
          Options options, run::Log log);
  ~LanDoor();
  LanDoor(const LanDoor&) = delete;
  LanDoor& operator=(const LanDoor&) = delete;

  // Port 0 takes a free one. The wildcard address is listened on for a robot whose addresses change: each client is
  // told the one at which it came. `tls`: one that asks for keys; none only for tests, on tcp.
  run::Result<localbus::Endpoint> start(const localbus::Endpoint& endpoint, std::optional<localbus::TlsContext> tls);
  // The bus is there, or there again: looks what is on it.
  void busIsThere();
  // Ends every session that came by that token, which is good no longer.
  void revoked(std::int64_t token, const std::string& reason);
  void stop();
  std::size_t sessions() const;
  struct Load {
    std::size_t queued = 0;     // bytes that wait for clients to read, of all sessions
    std::uint64_t dropped = 0;  // events, because clients did not read, since the start
  };
  Load load() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::gateway
