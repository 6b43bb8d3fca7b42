#include "apps/beckond/watchdog_process.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace beckon::apps {

using nlohmann::json;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr const char* program = "beckond-watchdog";

std::vector<std::string> textsOf(const policy::Lease& lease) {
  std::vector<std::string> out;
  for (const auto& action : lease.stop) out.push_back(action.written());
  return out;
}

// Beside this program.
std::string place() {
  std::error_code problem;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", problem);
  return (self.parent_path() / program).string();
}

}  // namespace

WatchdogProcess::WatchdogProcess(boost::asio::io_context& io, std::string bus, std::filesystem::path config,
                                 std::filesystem::path turn, gateway::Control& control, run::Log log)
    : io_(io),
      bus_(std::move(bus)),
      config_(std::move(config)),
      turn_(std::move(turn)),
      control_(control),
      log_(std::move(log)),
      timer_(io.get_executor()) {}

WatchdogProcess::~WatchdogProcess() {
  timer_.cancel();
  if (channel_) channel_->close();
}

void WatchdogProcess::define(const std::vector<policy::Lease>& leases) {
  // A new policy with the same leases takes nothing from who has control.
  if (channel_ && leases == leases_) return;
  leases_ = leases;
  if (!channel_) {
    if (!leases_.empty() && process_ == 0) start();
    return;
  }
  // It has to say anew that it can stop the robot.
  isReady_ = false;
  control_.watched(Error{Code::unreachable, "the watchdog looks for what it would stop", {}});
  auto all = json::array();
  for (const auto& lease : leases_)
    all.push_back({{"name", lease.name}, {"lapse", lease.lapse.count()}, {"actions", textsOf(lease)}});
  definition_ = ++lastNumber_;
  channel_->send({{"leases", all}, {"number", definition_}});
}

void WatchdogProcess::held(const policy::Lease& lease) {
  if (channel_) channel_->send({{"held", lease.name}});
}

void WatchdogProcess::stop(const policy::Lease& lease) {
  const auto& stop = stops_[lease.name] = {++lastNumber_, textsOf(lease)};
  sendStop(lease.name, stop);
}

void WatchdogProcess::sendStop(const std::string& lease, const Stop& stop) {
  if (channel_) channel_->send({{"stop", lease}, {"number", stop.number}, {"actions", stop.actions}});
}

// In a session of its own, with nothing of ours but the socket and standard error: it lives on when we die, and must
// not keep our ports then.
Result<int> WatchdogProcess::spawn() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{Code::internal, std::string("no socket for the watchdog: ") + std::strerror(errno), {}};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  const auto path = place();
  std::string name = program, option = "--log-level", level(spdlog::level::to_string_view(log_->level()).data());
  char* const arguments[] = {name.data(), option.data(), level.data(), nullptr};
  pid_t process = 0;
  const int problem = ::posix_spawn(&process, path.c_str(), &files, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  if (problem == 0) {
    process_ = process;
    return ends[0];
  }
  ::close(ends[0]);
  return Error{Code::internal, path + " cannot be started: " + std::strerror(problem), {}};
}

void WatchdogProcess::start() {
  const auto socket = spawn();
  if (!socket) {
    log_->error("nobody can take control: {}", socket.error().cause);
    control_.watched(socket.error());
    process_ = -1;
    return await();
  }
  channel_ =
      watchdog::LineChannel::open(io_, *socket, {[this](const json& line) { received(line); }, [this] { died(); }});
  json first{{"bus", bus_}, {"turn", turn_.string()}};
  if (!config_.empty()) first["config"] = config_.string();
  channel_->send(first);
  define(std::exchange(leases_, {}));
  for (const auto& [lease, stop] : stops_) sendStop(lease, stop);
  await();
}

// The next sign of life; or, where none is running, the next attempt.
void WatchdogProcess::await() {
  isSuspect_ = false;
  timer_.expires_after(channel_ ? silence : pause);
  expect();
}

void WatchdogProcess::expect() {
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled || timer_.expiry() > std::chrono::steady_clock::now()) return;
    if (channel_ && std::exchange(isSuspect_, true)) return died();
    if (channel_) {
      // It may be we who have not listened.
      timer_.expires_after(pause);
      return expect();
    }
    process_ = 0;
    if (!leases_.empty() || !stops_.empty()) start();
  });
}

void WatchdogProcess::received(const json& line) {
  await();
  if (line.contains("lapsed")) return control_.intervened(line.at("lapsed").get<std::string>());
  if (line.contains("stopped")) {
    const auto lease = line.at("stopped").get<std::string>();
    if (line.contains("problem"))
      log_->error("the stop of the control lease \"{}\" failed: {}", lease, line.at("problem").get<std::string>());
    const auto known = stops_.find(lease);
    if (known == stops_.end() || known->second.number != line.at("number").get<std::uint64_t>()) return;
    stops_.erase(known);
    return control_.stopped(lease);
  }
  if (!line.contains("ready") || line.at("number").get<std::uint64_t>() != definition_) return;
  const bool isReady = line.at("ready").get<bool>();
  const auto why = line.value("why", std::string());
  if (isReady == isReady_ && why == told_) return;
  isReady_ = isReady;
  told_ = why;
  if (isReady) {
    log_->info("the watchdog is ready: control leases may be taken");
    return control_.watched(std::nullopt);
  }
  log_->warn("nobody can take control: {}", why);
  control_.watched(Error{Code::unreachable, "the watchdog is not ready: " + why, {}});
}

void WatchdogProcess::died() {
  channel_->close();
  channel_ = nullptr;
  isReady_ = false;
  told_.clear();
  // One that hangs would wake up one day and stop the robot under somebody else.
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
  log_->error("the watchdog has died: control leases end, and another is started");
  control_.watched(Error{Code::unreachable, "the watchdog is being started anew", {}});
  await();
}

}  // namespace beckon::apps
