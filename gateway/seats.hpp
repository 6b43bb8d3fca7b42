#pragma once

#include "gateway/control.hpp"

#include <map>
#include <memory>
#include <string>

namespace beckon::gateway {

// The places at Control of callers who have no connection that could end: made when first used, dropped when nothing
// is held or heard there any more. Lives on one executor.
class Seats {
 public:
  // From so many on those that are idle are dropped.
  static constexpr std::size_t most = 256;

  explicit Seats(std::shared_ptr<Control> control) : control_(std::move(control)) {}

  std::shared_ptr<localbus::RemoteObject> of(const policy::Caller& caller, const std::string& session) {
    const auto known = seats_.find(session);
    if (known != seats_.end()) return known->second->object();
    if (seats_.size() >= most) std::erase_if(seats_, [](const auto& entry) { return entry.second->isIdle(); });
    return seats_.emplace(session, control_->enter(caller, session)).first->second->object();
  }
  void clear() { seats_.clear(); }

 private:
  std::shared_ptr<Control> control_;
  std::map<std::string, std::shared_ptr<Control::Seat>> seats_;
};

}  // namespace beckon::gateway
