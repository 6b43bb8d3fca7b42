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

std::shared_ptr<localbus::ForwardedObject> LanSession::control() {
  if (!seat_)
    seat_ = door_->control->enter(caller(), rights_->session(), [weak = weak_from_this()](const policy::Lease& lease) {
      if (const auto self = weak.lock()) self->rights_->lost(lease);
    });
  auto& used = used_[door_->controlId];
  used.name = policy::controlService;
  used.object = rights_->outward(seat_->object(), used.name);
  return used.object;
}

}  // namespace beckon::gateway
