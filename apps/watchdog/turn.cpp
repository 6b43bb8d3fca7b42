#include "apps/watchdog/turn.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace beckon::watchdog {

Turn::~Turn() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<std::string> Turn::take() {
  if (descriptor_ >= 0) return std::nullopt;
  const int opened = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (opened < 0) return file_.string() + " cannot be opened: " + std::strerror(errno);
  if (::flock(opened, LOCK_EX | LOCK_NB) == 0) {
    descriptor_ = opened;
    // For people; the lock is what counts.
    const auto own = std::to_string(::getpid()) + "\n";
    [[maybe_unused]] const bool isTold = ::ftruncate(opened, 0) == 0 && ::pwrite(opened, own.data(), own.size(), 0) > 0;
    return std::nullopt;
  }
  std::array<char, 16> text{};
  const auto size = ::pread(opened, text.data(), text.size(), 0);
  ::close(opened);
  const std::string_view other(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return "the watchdog of an earlier beckond, process " + std::string(other.substr(0, other.find('\n'))) +
         ", has not ended yet; if it hangs, kill it";
}

}  // namespace beckon::watchdog
