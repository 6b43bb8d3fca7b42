#include "policy/authority.hpp"

namespace beckon::policy {

Authority::Authority(std::shared_ptr<const Policy> policy, Clock clock)
    : policy_(std::move(policy)), clock_(std::move(clock)) {
  define();
}

void Authority::define() {
  leases_->define(policy_->leases(), [this](const Leases::Owner& who, const std::string& name) {
    return view(who.caller)->mayTake(name);
  });
}

void Authority::replace(std::shared_ptr<const Policy> policy) {
  policy_ = std::move(policy);
  views_.clear();  // those in use stay until their users let go of them
  define();
  for (const auto& handler : *handlers_) handler();
}

std::shared_ptr<View> Authority::view(const Caller& caller) {
  Key key{caller.principal, caller.roles, caller.door};
  if (const auto known = views_.find(key); known != views_.end()) return known->second;
  auto view = std::make_shared<View>(policy_, caller, rates_, clock_, leases_);
  if (view->isEmpty()) return view;
  if (views_.size() >= mostViews) views_.clear();
  views_.emplace(std::move(key), view);
  return view;
}

std::shared_ptr<void> Authority::onChange(std::function<void()> handler) {
  const auto at = handlers_->insert(handlers_->end(), std::move(handler));
  return {nullptr, [handlers = handlers_, at](std::nullptr_t) { handlers->erase(at); }};
}

}  // namespace beckon::policy
