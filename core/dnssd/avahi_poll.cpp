#include "core/dnssd/avahi_poll.hpp"

#include <avahi-common/timeval.h>
#include <avahi-common/watch.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace asio = boost::asio;

// Both are known to Avahi as pointers; they keep themselves until it frees them, and their handlers a little longer.
struct AvahiWatch : std::enable_shared_from_this<AvahiWatch> {
  AvahiWatch(const asio::any_io_executor& executor, int of, AvahiWatchEvent events, AvahiWatchCallback call, void* data)
      : fd(of), wanted(events), callback(call), userdata(data), descriptor(executor, of) {}

  void wait() {
    wait(AVAHI_WATCH_IN, asio::posix::descriptor_base::wait_read, isReading);
    wait(AVAHI_WATCH_OUT, asio::posix::descriptor_base::wait_write, isWriting);
  }
  void wait(AvahiWatchEvent event, asio::posix::descriptor_base::wait_type type, bool& isWaiting) {
    if (!self || !(wanted & event) || isWaiting) return;
    isWaiting = true;
    descriptor.async_wait(type,
                          [watch = shared_from_this(), event, &isWaiting](const boost::system::error_code& canceled) {
                            isWaiting = false;
                            if (canceled || !watch->self) return;
                            if (watch->wanted & event) {
                              watch->happened = event;
                              watch->callback(watch.get(), watch->fd, event, watch->userdata);
                              watch->happened = {};
                            }
                            watch->wait();
                          });
  }
  // Avahi closes the descriptor itself.
  void end() {
    descriptor.release();
    const auto last = std::move(self);
  }

  const int fd;
  AvahiWatchEvent wanted, happened{};
  AvahiWatchCallback callback;
  void* userdata;
  asio::posix::stream_descriptor descriptor;
  bool isReading = false, isWriting = false;
  std::shared_ptr<AvahiWatch> self;
};

struct AvahiTimeout : std::enable_shared_from_this<AvahiTimeout> {
  AvahiTimeout(const asio::any_io_executor& executor, AvahiTimeoutCallback call, void* data)
      : callback(call), userdata(data), timer(executor) {}

  // `at`: of the wall clock; null: never. A clock that jumps makes it early or late once: Avahi looks again.
  void update(const timeval* at) {
    ++round;
    timer.cancel();
    if (!at) return;
    timer.expires_after(std::chrono::microseconds(std::max<AvahiUsec>(0, -avahi_age(at))));
    timer.async_wait([timeout = shared_from_this(), now = round](const boost::system::error_code& canceled) {
      if (!canceled && timeout->self && timeout->round == now) timeout->callback(timeout.get(), timeout->userdata);
    });
  }
  void end() {
    timer.cancel();
    const auto last = std::move(self);
  }

  AvahiTimeoutCallback callback;
  void* userdata;
  asio::steady_timer timer;
  std::uint64_t round = 0;  // a wait that was canceled too late is of an earlier one
  std::shared_ptr<AvahiTimeout> self;
};

namespace beckon::dnssd {

struct AsioAvahiPoll::Api : AvahiPoll {
  explicit Api(asio::any_io_executor on) : AvahiPoll{}, executor(std::move(on)) {
    watch_new = [](const AvahiPoll* api, int fd, AvahiWatchEvent events, AvahiWatchCallback callback, void* data) {
      const auto& made = static_cast<const Api*>(api)->executor;
      const auto watch = std::make_shared<AvahiWatch>(made, fd, events, callback, data);
      watch->self = watch;
      watch->wait();
      return watch.get();
    };
    watch_update = [](AvahiWatch* watch, AvahiWatchEvent events) {
      watch->wanted = events;
      watch->wait();
    };
    watch_get_events = [](AvahiWatch* watch) { return watch->happened; };
    watch_free = [](AvahiWatch* watch) { watch->end(); };
    timeout_new = [](const AvahiPoll* api, const timeval* at, AvahiTimeoutCallback callback, void* data) {
      const auto timeout = std::make_shared<AvahiTimeout>(static_cast<const Api*>(api)->executor, callback, data);
      timeout->self = timeout;
      timeout->update(at);
      return timeout.get();
    };
    timeout_update = [](AvahiTimeout* timeout, const timeval* at) { timeout->update(at); };
    timeout_free = [](AvahiTimeout* timeout) { timeout->end(); };
  }
  asio::any_io_executor executor;
};

AsioAvahiPoll::AsioAvahiPoll(asio::any_io_executor executor) : api_(std::make_unique<Api>(std::move(executor))) {}
AsioAvahiPoll::~AsioAvahiPoll() = default;
const AvahiPoll* AsioAvahiPoll::api() const { return api_.get(); }

}  // namespace beckon::dnssd
