#pragma once

#include "policy/view.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace beckon::policy {

// The policy of the moment, for everybody who asks. Doors keep a reference to it, ask it for the view of each caller,
// and on a change make their views anew and end what is not granted any more. Everything on one executor.
class Authority {
 public:
  explicit Authority(std::shared_ptr<const Policy> policy, Clock clock = Clock::real());
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const Policy& current() const { return *policy_; }
  // Takes effect at once: whoever listens has made its views anew before this returns.
  void replace(std::shared_ptr<const Policy> policy);

  // Who has which of its control leases.
  Leases& leases() { return *leases_; }
  std::chrono::steady_clock::time_point now() const { return clock_.steady(); }

  // The view of the caller on the policy of the moment, the same one for the same caller until the next change. Whoever
  // keeps one asks for a new one in onChange.
  std::shared_ptr<View> view(const Caller& caller);

  // `handler` is called after each change, until the result is destroyed. It may not add or end listeners.
  [[nodiscard]] std::shared_ptr<void> onChange(std::function<void()> handler);

  // So many views are kept for who asks again; one with rules for nobody is not kept at all.
  static constexpr std::size_t mostViews = 4096;

 private:
  void define();

  using Key = std::tuple<std::string, std::vector<std::string>, Door>;

  std::shared_ptr<const Policy> policy_;
  Clock clock_;
  std::shared_ptr<Leases> leases_ = std::make_shared<Leases>();
  std::shared_ptr<Rates> rates_ = std::make_shared<Rates>();
  std::map<Key, std::shared_ptr<View>> views_;
  std::shared_ptr<std::list<std::function<void()>>> handlers_ = std::make_shared<std::list<std::function<void()>>>();
};

}  // namespace beckon::policy
