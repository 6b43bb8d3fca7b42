#include "xmpp/reconnector.hpp"

#include <string>
#include <utility>

namespace beckon::xmpp {
namespace {

// Somebody has to change a configuration first. Another component of the same name may just be about to end.
bool isForPeople(run::Code code) { return code == run::Code::notAuthenticated || code == run::Code::invalidConfig; }

}  // namespace

Reconnector::Reconnector(Settings settings, std::mt19937::result_type seed)
    : settings_(settings), retry_(settings.firstRetry, settings.longestRetry, seed) {}

Reconnector::Action Reconnector::start(TimePoint now) {
  if (state_ != State::stopped) return std::nullopt;
  return open(now);
}

Reconnector::Action Reconnector::open(TimePoint now) {
  state_ = State::connecting;
  deadline_ = now + settings_.longestAttempt;
  return Open{};
}

void Reconnector::stop() { state_ = State::stopped; }

void Reconnector::cameOnline(TimePoint now) {
  if (state_ != State::connecting) return;
  state_ = State::online;
  onlineSince_ = now;
  heard(now);
}

void Reconnector::heard(TimePoint now) {
  if (state_ != State::online) return;
  heardAt_ = now;
  pinged_ = false;
  deadline_ = now + settings_.longestSilence;
}

Reconnector::Action Reconnector::closed(const run::Error& why, TimePoint now) {
  if (state_ != State::connecting && state_ != State::online) return std::nullopt;
  return giveUp(why, now);
}

Reconnector::Action Reconnector::giveUp(run::Error why, TimePoint now) {
  if (state_ == State::online && now - onlineSince_ >= lasting) retry_.succeeded();
  const auto wait = retry_.next(isForPeople(why.code));
  state_ = State::waiting;
  deadline_ = now + wait;
  return Close{std::move(why), wait};
}

Reconnector::Action Reconnector::tick(TimePoint now) {
  if (state_ == State::stopped || now < deadline_) return std::nullopt;
  if (state_ == State::waiting) return open(now);
  if (state_ == State::connecting) return giveUp(tookTooLong(settings_.longestAttempt), now);
  if (pinged_) return giveUp(wasSilent(now - heardAt_), now);
  pinged_ = true;
  deadline_ = now + settings_.pingDeadline;
  return Ping{};
}

std::optional<Reconnector::TimePoint> Reconnector::nextDeadline() const {
  if (state_ == State::stopped) return std::nullopt;
  return deadline_;
}

}  // namespace beckon::xmpp
