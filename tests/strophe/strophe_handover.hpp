#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace beckon::xmpp {

// What the executor's side of a StropheStream and libstrophe's thread hand each other, and all that both touch.
class StropheHandover {
 public:
  StropheHandover();
  ~StropheHandover();
  StropheHandover(const StropheHandover&) = delete;
  StropheHandover& operator=(const StropheHandover&) = delete;

  // From the executor:
  bool queue(std::string xml);  // false: 4 MiB are waiting already
  void finish();                // the thread is to end politely
  // The thread is to end at once: its socket is shut down, which wakes whatever libstrophe waits for. False where it
  // cannot be woken, because it looks up names: then it ends later by itself, and must call nobody any more.
  bool abort();
  void handled();  // one stanza that came in has been dealt with

  // From the thread:
  bool leaveNames();  // names are known. False: aborted meanwhile
  bool aborted();
  bool finishing();
  bool hasQueued();
  // What to give to libstrophe next: a stanza if it fits into `room` bytes, and if it would fit into no room at all
  // (`largest`), a piece of it.
  std::optional<std::string> take(std::size_t room, std::size_t largest);
  void arrived() { ++unhandled_; }  // one stanza was passed on
  bool crowded() const;             // so many wait to be dealt with that reading should pause
  // Keeps a duplicate of libstrophe's socket: whoever shuts it down cannot hit a descriptor that libstrophe has closed
  // and the system given to somebody else. False: aborted, or no descriptor left.
  bool adopt(int socket);
  int socket() const { return socket_; }
  void shutDown();
  void release();
  // What the socket is ready for. With a timeout (milliseconds, -1 for ever), waits for that, or for any call from the
  // executor. No events: leaves the socket aside.
  short readiness(short events, int timeout) const;

 private:
  void wake() const;

  const int wake_;  // an eventfd
  std::atomic<int> unhandled_{0};
  std::mutex mutex_;
  std::deque<std::string> queue_;
  std::size_t queuedBytes_ = 0;
  bool finishing_ = false, aborted_ = false, lookingUpNames_ = true;
  int socket_ = -1;  // written by the thread only
};

}  // namespace beckon::xmpp
