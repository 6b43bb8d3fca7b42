#include "policy/live_tokens.hpp"

#include <boost/asio/post.hpp>

#include <cstring>

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

std::size_t LiveTokens::ByHash::operator()(const TokenHash& hash) const {
  std::size_t out;
  std::memcpy(&out, hash.data(), sizeof out);
  return out;
}

LiveTokens::LiveTokens(boost::asio::any_io_executor executor, Tokens store, run::Log log, Clock clock)
    : executor_(executor),
      store_(std::move(store)),
      log_(std::move(log)),
      clock_(std::move(clock)),
      timer_(std::move(executor)) {
  // The loop must not wait for a process that writes: it looks again soon.
  store_.database().setPatience(std::chrono::milliseconds(0));
  look();
}

LiveTokens::~LiveTokens() { *alive_ = false; }

void LiveTokens::start() {
  if (std::exchange(isRunning_, true)) return;
  wait();
}

void LiveTokens::stop() {
  isRunning_ = false;
  timer_.cancel();
}

void LiveTokens::wait() {
  timer_.expires_after(period);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& canceled) {
    if (canceled || !*alive || !isRunning_) return;
    look();
    wait();
  });
}

void LiveTokens::look() {
  const auto fresh = refresh();
  if (fresh && failures_ >= blind) log_->info("tokens can be read again");
  failures_ = fresh ? 0 : failures_ + 1;
  if (failures_ == blind) fail(fresh.error());
  settle();
}

Result<> LiveTokens::refresh() {
  if (!store_.database().isInPlace()) {
    auto another = Tokens::open(store_.database().file());
    if (!another) return another.error();
    store_ = std::move(*another);
    store_.database().setPatience(std::chrono::milliseconds(0));
    version_.reset();
    log_->warn("{} is another file now: only its tokens count", store_.database().file().string());
  }
  const auto version = store_.version();
  if (!version) return version.error();
  if (version_ == *version) return {};
  if (const auto done = read(); !done) return done;
  version_ = *version;
  return {};
}

Result<> LiveTokens::read() {
  auto all = store_.list();
  if (!all) return all.error();
  tokens_.clear();
  settled_.reset();
  log_->debug("{} tokens", all->size());
  for (auto& token : *all) tokens_.emplace(token.hash, std::move(token));
  return {};
}

// What was good and is not any more, as of now: once a second, and whenever the file has changed.
void LiveTokens::settle() {
  const auto now = clock_();
  if (settled_ == now) return;
  settled_ = now;
  std::map<std::int64_t, std::string> good;
  std::map<std::int64_t, std::string_view> reasons;
  for (const auto& [hash, token] : tokens_) {
    const auto state = stateOf(token, now);
    if (state == TokenState::valid)
      good.emplace(token.id, token.name);
    else
      reasons.emplace(token.id, stateReason(state));
  }
  std::vector<Ended> ended;
  for (const auto& [id, name] : good_) {
    if (good.contains(id)) continue;
    const auto reason = reasons.find(id);
    ended.push_back({id, name, reason == reasons.end() ? "the token was removed" : reason->second});
  }
  good_ = std::move(good);
  tell(std::move(ended));
}

void LiveTokens::fail(const Error& error) {
  log_->error("nobody is let in by a token ({}): {}; {}", run::codeText(error.code), error.cause, error.nextStep);
  version_.reset();
  settled_.reset();
  tokens_.clear();
  std::vector<Ended> ended;
  for (auto& [id, name] : std::exchange(good_, {})) ended.push_back({id, name, "the robot cannot read its tokens"});
  tell(std::move(ended));
}

void LiveTokens::tell(std::vector<Ended> ended) {
  if (ended.empty()) return;
  for (const auto& token : ended) log_->info("token {} ended: {}", token.name, token.reason);
  boost::asio::post(executor_, [this, alive = alive_, ended = std::move(ended)] {
    for (const auto& token : ended) {
      // A handler may end itself or others.
      for (auto next = handlers_.begin(); *alive && next != handlers_.end();) {
        const auto [id, handler] = *next;
        handler(token);
        if (*alive) next = handlers_.upper_bound(id);
      }
      if (!*alive) return;
    }
  });
}

LiveTokens::Found LiveTokens::find(std::string_view text) {
  const auto refused = [](std::string cause, std::string next, bool isKnown) {
    return Found{Error{Code::notAuthenticated, std::move(cause), std::move(next)}, isKnown};
  };
  const auto hash = tokenHash(text);
  if (!hash) return refused("bad token", "check the file that holds it: it was cut or mistyped", false);
  // Failures are counted by the timer only: those who come could else make three of them in a moment.
  if (!refresh())
    return {Error{Code::invalidConfig, "the robot cannot read its tokens", "see the log of beckond on the robot"},
            true};
  settle();
  const auto found = tokens_.find(*hash);
  if (found == tokens_.end()) return refused("bad token", "ask the robot's owner for a token", false);
  const auto state = stateOf(found->second, clock_());
  if (state != TokenState::valid)
    return refused(std::string(stateReason(state)), "ask the robot's owner for a new token", true);
  return {found->second, true};
}

std::shared_ptr<void> LiveTokens::onEnded(Handler handler) {
  const auto id = ++lastHandler_;
  handlers_.emplace(id, std::move(handler));
  return std::shared_ptr<void>(nullptr, [this, alive = alive_, id](void*) {
    if (*alive) handlers_.erase(id);
  });
}

}  // namespace beckon::policy
