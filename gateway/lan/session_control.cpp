#include "gateway/lan/session.hpp"

#include <unistd.h>

// The gateway's own service, which stands among those of the bus.
namespace beckon::gateway {

bool LanSession::isControlShown() const { return door_->control && !rights_->view().takable().empty(); }

directory::ServiceInfo LanSession::toldOfControl() const {
  return {std::string(policy::controlService),
          door_->controlId,
          door_->machineId,
          static_cast<std::uint32_t>(::getpid()),
          endpoints_,
          door_->sessionId,
          {}};
}

void LanSession::showControl() {
  const std::string name(policy::controlService);
  const bool shows = isControlShown();
  if (shows == std::exchange(showsControl_, shows)) return;
  if (shows) return directory_->added(door_->controlId, name);
  end(door_->controlId);
  directory_->removed(door_->controlId, name);
}

void LanSession::lost(const policy::Lease& lease, const policy::Leases::Owner& who) {
  if (who.covers(caller().principal, rights_->session())) rights_->lost(lease);
}

std::shared_ptr<localbus::ForwardedObject> LanSession::control() {
  if (!seat_) seat_ = door_->control->enter(caller(), rights_->session());
  auto& used = used_[door_->controlId];
  used.name = policy::controlService;
  used.object = rights_->outward(seat_->object(), used.name);
  return used.object;
}

}  // namespace beckon::gateway
