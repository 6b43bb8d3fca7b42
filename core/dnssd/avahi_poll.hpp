#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>

struct AvahiPoll;

namespace beckon::dnssd {

// Avahi's event loop, which is ours: its sockets and timers wait on `executor`, and no thread is made. It outlives
// everything of Avahi that was made with it.
class AsioAvahiPoll {
 public:
  explicit AsioAvahiPoll(boost::asio::any_io_executor executor);
  ~AsioAvahiPoll();
  AsioAvahiPoll(const AsioAvahiPoll&) = delete;
  AsioAvahiPoll& operator=(const AsioAvahiPoll&) = delete;

  const AvahiPoll* api() const;

 private:
  struct Api;
  std::unique_ptr<Api> api_;
};

}  // namespace beckon::dnssd
