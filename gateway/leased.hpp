#pragma once

#include "gateway/repeats.hpp"
#include "policy/leases.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace beckon::gateway {

// A request by XMPP under a control lease, until it is answered: by its end, or by that of the lease.
class Leased {
 public:
  Leased(std::string principal, std::string session, std::string lease)
      : principal_(std::move(principal)), session_(std::move(session)), lease_(std::move(lease)) {}

  // Who is told, once.
  void begin(Repeats::Waiter done) { done_ = std::move(done); }
  void finish(const run::Result<xmpp::Element>& outcome) {
    if (done_) std::exchange(done_, {})(outcome);
  }
  bool isOver() const { return !done_; }
  // Cancels the work.
  boost::asio::cancellation_slot slot() { return work_.slot(); }
  // If it is under what `who` has lost, it is answered so, and canceled at the service, or not begun if it waits still.
  void lost(const policy::Lease& lease, const policy::Leases::Owner& who) {
    if (lease_ != lease.name || !who.covers(principal_, session_)) return;
    finish(run::Error{run::Code::leaseNeeded, "the control lease \"" + lease_ + "\" ended while the call was under way",
                      "take it again"});
    work_.emit(boost::asio::cancellation_type::terminal);
  }

 private:
  std::string principal_, session_, lease_;
  Repeats::Waiter done_;
  boost::asio::cancellation_signal work_;
};

// Those that are under way.
class LeasedRequests {
 public:
  void add(const std::shared_ptr<Leased>& request) {
    std::erase_if(all_, [](const auto& each) { return each.expired(); });
    all_.push_back(request);
  }
  void lost(const policy::Lease& lease, const policy::Leases::Owner& who) {
    const auto all = all_;
    for (const auto& each : all)
      if (const auto request = each.lock()) request->lost(lease, who);
  }

 private:
  std::vector<std::weak_ptr<Leased>> all_;
};

}  // namespace beckon::gateway
