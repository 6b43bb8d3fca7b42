#include "gateway/doors/lan_door.hpp"

#include "core/run/uuid.hpp"
#include "gateway/lan/session.hpp"
#include "localbus/listener.hpp"

#include <boost/asio/post.hpp>

namespace beckon::gateway {

using localbus::AuthDecision;
using localbus::Connection;
using run::Code;
using run::Error;
using run::Result;

namespace {

// What is told to clients: an address that they reach us at leads to all services (docs/protocol/qi.md, "Gateways").
qi::CapabilityMap told(const std::string& sessionId) {
  auto out = qi::ownCapabilities();
  out.insert_or_assign(qi::capability::relativeEndpointUri, qi::dynamic(true));
  out.insert_or_assign(qi::capability::beckonSession, qi::dynamic(sessionId));
  return out;
}

std::string textOf(const qi::CapabilityMap& map, const std::string& key) {
  const auto found = map.find(key);
  const auto* text = found == map.end() ? nullptr : found->second.inner().as<std::string>();
  return text ? *text : "";
}

}  // namespace

struct LanDoor::State : localbus::Receiver, std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, policy::Authority& policy, std::shared_ptr<directory::Session> bus, Options chosen,
        run::Log to)
      : authority(policy),
        options(std::move(chosen)),
        log(std::move(to)),
        sessionId(run::makeUuid()),
        catalogue(std::make_shared<Catalogue>(std::move(bus), std::move(options.ids), log)),
        listener(io, *this, {}, log, told(sessionId)) {}

  struct Entered {
    std::shared_ptr<LanSession> session;
    std::int64_t token;
  };

  // A connection that is not a session yet has nothing to call.
  void received(const std::shared_ptr<Connection>&, const qi::Message&) override {}
  void closed(const Connection& connection) override { admitted.erase(connection.id()); }

  AuthDecision decide(const std::shared_ptr<Connection>& peer, const std::string& address,
                      const qi::CapabilityMap& credentials) {
    const auto token = textOf(credentials, "token");
    const auto key = peer->peerKey().empty() ? std::string() : "SHA256:" + peer->peerKey();
    auto found = options.admit({token, key, address});
    if (!found) {
      log->info("{} is not let in: {}", peer->peer(), found.error().cause);
      if (options.trail) {
        options.trail->add({.what = policy::audit::What::enter,
                            .outcome = policy::audit::Outcome::refused,
                            .why = run::codeText(found.error().code),
                            .door = "lan",
                            .who = address,
                            .note = found.error().cause});
        options.trail->flush();  // before he is told
      }
      return {AuthDecision::State::refused, {}, found.error().cause};
    }
    admitted[peer->id()] = std::move(*found);
    return {};
  }

  void enter(const std::shared_ptr<Connection>& connection) {
    auto who = admitted.extract(connection->id());
    if (who.empty()) return connection->close({Code::internal, "nobody was let in by that connection", {}});
    const auto view = authority.view({who.mapped().principal, who.mapped().roles, policy::Door::lan});
    const auto session = std::make_shared<LanSession>(door, connection, view);
    const auto id = connection->id();
    sessions[id] = {session, who.mapped().token};
    log->info("{} came in from {}", who.mapped().principal, connection->peer());
    session->start([weak = weak_from_this(), id, principal = who.mapped().principal] {
      const auto self = weak.lock();
      if (!self) return;
      self->log->info("{} has gone", principal);
      if (const auto entered = self->sessions.find(id); entered != self->sessions.end()) {
        self->droppedBefore += entered->second.session->connection().droppedEvents();
        self->sessions.erase(entered);
      }
    });
  }

  // Sessions that `which` picks; ending one changes the list.
  void end(const std::function<bool(const Entered&)>& which, const Error& reason) {
    std::vector<std::shared_ptr<LanSession>> ended;
    for (const auto& [id, entered] : sessions)
      if (which(entered)) ended.push_back(entered.session);
    for (const auto& session : ended) session->close(reason);
  }

  void policyChanged() {
    const auto all = sessions;
    for (const auto& [id, entered] : all) {
      const auto view = authority.view(entered.session->caller());
      if (view->isEmpty())
        entered.session->close({Code::refused, "the policy grants nothing any more", {}});
      else
        entered.session->replace(view);
    }
  }

  policy::Authority& authority;
  Options options;
  run::Log log;
  const std::string sessionId;
  std::shared_ptr<Catalogue> catalogue;
  std::shared_ptr<const LanSession::Door> door;
  std::map<std::uint64_t, policy::Admitted> admitted;  // until they are sessions, in the same turn
  std::uint64_t droppedBefore = 0;                     // events, in sessions that have ended
  std::map<std::uint64_t, Entered> sessions;           // by connection
  std::shared_ptr<void> watching, losing;              // changes of the policy; ends of control leases
  localbus::Listener listener;                         // before all else, its connections end
};

LanDoor::LanDoor(boost::asio::io_context& io, policy::Authority& authority, std::shared_ptr<directory::Session> bus,
                 Options options, run::Log log)
    : state_(std::make_shared<State>(io, authority, std::move(bus), std::move(options), std::move(log))) {
  const std::weak_ptr<State> weak = state_;
  state_->listener.screen([weak](const std::weak_ptr<Connection>& peer, const std::string& address) {
    return [weak, peer, address](const qi::CapabilityMap& credentials) -> AuthDecision {
      const auto state = weak.lock();
      const auto connection = peer.lock();
      if (!state || !connection) return {AuthDecision::State::refused, {}, "the door is closed"};
      return state->decide(connection, address, credentials);
    };
  });
  state_->listener.onReady([weak](const std::shared_ptr<Connection>& connection) {
    if (const auto state = weak.lock()) state->enter(connection);
  });
  if (const auto& control = state_->options.control)
    state_->losing = control->onLost([weak](const policy::Lease& lease, const policy::Leases::Owner& who) {
      const auto state = weak.lock();
      if (!state) return;
      const auto all = state->sessions;
      for (const auto& [id, entered] : all) entered.session->lost(lease, who);
    });
  state_->watching = authority.onChange([weak] {
    if (const auto state = weak.lock()) state->policyChanged();
  });
}

LanDoor::~LanDoor() { stop(); }

Result<localbus::Endpoint> LanDoor::start(const localbus::Endpoint& endpoint, std::optional<localbus::TlsContext> tls) {
  auto listening = state_->listener.start(endpoint, std::move(tls));
  if (!listening) return listening;
  Result<std::uint32_t> controlId = 0u;
  if (state_->options.control) controlId = state_->catalogue->newId();
  if (!controlId) return controlId.error();
  const auto url = listening->url();
  const auto bus = [make = state_->options.bus](const std::string& principal) {
    return make({{qi::capability::beckonCaller, qi::dynamic(principal)}});
  };
  state_->door = std::make_shared<const LanSession::Door>(
      LanSession::Door{state_->catalogue, state_->options.machineId, state_->sessionId, url.substr(0, url.find(':')),
                       listening->port, bus, state_->options.control, *controlId, state_->options.trail, state_->log});
  state_->log->info("the LAN door listens on {}", url);
  return listening;
}

void LanDoor::busIsThere() { state_->catalogue->look(); }

void LanDoor::revoked(std::int64_t token, const std::string& reason) {
  state_->end([token](const State::Entered& entered) { return entered.token == token; },
              {Code::notAuthenticated, reason, {}});
}

void LanDoor::stop() {
  state_->watching.reset();
  state_->losing.reset();
  state_->listener.stop();
  state_->catalogue->close();
}

std::size_t LanDoor::sessions() const { return state_->sessions.size(); }

LanDoor::Load LanDoor::load() const {
  Load out{0, state_->droppedBefore};
  for (const auto& [id, entered] : state_->sessions) {
    const auto& connection = entered.session->connection();
    out.queued += connection.queued();
    out.dropped += connection.droppedEvents();
  }
  return out;
}

}  // namespace beckon::gateway
