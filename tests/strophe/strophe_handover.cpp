#include "tests/strophe/strophe_handover.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace beckon::xmpp {
namespace {

constexpr std::size_t largestQueue = 4 << 20;  // bytes
constexpr int mostUnhandled = 1024;            // stanzas; reading goes on once half of them are dealt with

}  // namespace

StropheHandover::StropheHandover() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

StropheHandover::~StropheHandover() {
  release();
  close(wake_);
}

bool StropheHandover::queue(std::string xml) {
  {
    const std::lock_guard lock(mutex_);
    if (queuedBytes_ + xml.size() > largestQueue) return false;
    queuedBytes_ += xml.size();
    queue_.push_back(std::move(xml));
  }
  wake();
  return true;
}

void StropheHandover::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  wake();
}

bool StropheHandover::abort() {
  bool names;
  {
    const std::lock_guard lock(mutex_);
    aborted_ = true;
    names = lookingUpNames_;
  }
  shutDown();
  wake();
  return !names;
}

void StropheHandover::handled() {
  if (unhandled_.fetch_sub(1) == mostUnhandled / 2) wake();
}

bool StropheHandover::leaveNames() {
  const std::lock_guard lock(mutex_);
  lookingUpNames_ = false;
  return !aborted_;
}

bool StropheHandover::aborted() {
  const std::lock_guard lock(mutex_);
  return aborted_;
}

bool StropheHandover::finishing() {
  const std::lock_guard lock(mutex_);
  return finishing_;
}

bool StropheHandover::hasQueued() {
  const std::lock_guard lock(mutex_);
  return !queue_.empty();
}

std::optional<std::string> StropheHandover::take(std::size_t room, std::size_t largest) {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  auto& xml = queue_.front();
  if (xml.size() > room && room < largest) return std::nullopt;
  std::string piece;
  if (xml.size() <= room) {
    piece = std::move(xml);
    queue_.pop_front();
  } else {
    piece = xml.substr(0, room);
    xml.erase(0, room);
  }
  queuedBytes_ -= piece.size();
  return piece;
}

bool StropheHandover::crowded() const { return unhandled_ >= mostUnhandled; }

bool StropheHandover::adopt(int socket) {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) close(socket_);
  socket_ = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  return socket_ >= 0 && !aborted_;
}

void StropheHandover::shutDown() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

void StropheHandover::release() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

short StropheHandover::readiness(short events, int timeout) const {
  std::array<pollfd, 2> polled{{{events ? socket_ : -1, events, 0}, {wake_, POLLIN, 0}}};
  if (poll(polled.data(), timeout == 0 ? 1 : 2, timeout) <= 0) return 0;
  if (polled[1].revents) {
    eventfd_t count = 0;
    eventfd_read(wake_, &count);
  }
  return polled[0].revents;
}

void StropheHandover::wake() const { eventfd_write(wake_, 1); }

}  // namespace beckon::xmpp
