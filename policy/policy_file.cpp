#include "policy/policy_file.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <tuple>

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

namespace {

// Changes whenever the content does: a file that is replaced has another inode, one that is written to another time.
using Stamp = std::tuple<dev_t, ino_t, off_t, time_t, long, time_t, long>;

std::optional<Stamp> stampOf(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Stamp{found.st_dev,          found.st_ino,         found.st_size,        found.st_mtim.tv_sec,
               found.st_mtim.tv_nsec, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
}

}  // namespace

struct PolicyFile::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, std::filesystem::path from, Authority& for_, run::Log to,
        std::chrono::milliseconds between)
      : path(std::move(from)), authority(for_), log(std::move(to)), pause(between), timer(io) {}

  std::filesystem::path path;
  Authority& authority;
  run::Log log;
  std::chrono::milliseconds pause;
  boost::asio::steady_timer timer;
  std::optional<Stamp> seen;                  // at the last look; none: there was no file
  std::optional<std::optional<Stamp>> known;  // of what was read, or refused, last; none: nothing was yet

  void lookAgain() {
    timer.expires_after(pause);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
      const auto self = weak.lock();
      if (!self || cancelled) return;
      self->look();
      self->lookAgain();
    });
  }

  void look() {
    const auto now = stampOf(path);
    const bool isQuiet = now == seen;
    seen = now;
    if (!isQuiet || (known && *known == now)) return;
    const auto read = load(path);
    if (stampOf(path) != now) return;  // it changed meanwhile: the next look will tell
    known = now;
    const auto& current = authority.current().version();
    if (!read)
      log->error("the policy stays as it was, version {}: {}; {}", current, read.error().cause, read.error().nextStep);
    if (!read || (*read)->version() == current) return;
    log->info("the policy is now version {} of {}, it was {}", (*read)->version(), path.string(), current);
    authority.replace(*read);
  }
};

Result<std::shared_ptr<const Policy>> PolicyFile::load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad() || text.size() > largest)
    return Error{Code::invalidConfig, "cannot read the policy " + path.string(),
                 "name a file that you may read, of 4 MiB at most"};
  return Policy::parse(text, path.string());
}

PolicyFile::PolicyFile(boost::asio::io_context& io, std::filesystem::path path, Authority& authority, run::Log log,
                       std::chrono::milliseconds pause)
    : state_(std::make_shared<State>(io, std::move(path), authority, std::move(log), pause)) {}

PolicyFile::~PolicyFile() { stop(); }

void PolicyFile::start() { state_->lookAgain(); }
// Without its state, no wait that has expired already goes on.
void PolicyFile::stop() { state_.reset(); }

}  // namespace beckon::policy
