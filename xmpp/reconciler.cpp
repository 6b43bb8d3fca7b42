#include "xmpp/reconciler.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace beckon::xmpp {
namespace {

// Somebody has to change something first.
bool hopeless(run::Code code) {
  return code == run::Code::notAuthenticated || code == run::Code::badCertificate || code == run::Code::invalidConfig ||
         code == run::Code::refused;
}

void append(Reconciler::Actions& actions, std::vector<Element> stanzas) {
  for (auto& stanza : stanzas) {
    if (stanza.name == "query")
      actions.emplace_back(Reconciler::ChangeRoster{std::move(stanza)});
    else
      actions.emplace_back(Reconciler::Send{std::move(stanza)});
  }
}

}  // namespace

Reconciler::Reconciler(Settings settings, std::mt19937::result_type seed)
    : settings_(std::move(settings)),
      retry_(settings_.firstRetry, settings_.longestRetry, seed),
      roster_(settings_.contacts, settings_.ownsRoster) {}

Reconciler::Actions Reconciler::start(TimePoint now) {
  if (state_ != State::stopped) return {};
  return open(now);
}

Reconciler::Actions Reconciler::open(TimePoint now) {
  state_ = State::connecting;
  deadline_ = now + settings_.longestAttempt;
  return {Open{}};
}

Reconciler::Actions Reconciler::stop() {
  Actions out;
  if (state_ == State::online)
    out.emplace_back(Send{Element("presence", std::string(ns::client)).set("type", "unavailable")});
  if (state_ == State::connecting || streaming()) out.emplace_back(Leave{});
  state_ = State::stopped;
  return out;
}

std::set<Jid> Reconciler::others() const {
  auto out = settings_.contacts;
  out.erase(account_);
  return out;
}

Reconciler::Actions Reconciler::setContacts(std::set<Jid> contacts, TimePoint now) {
  settings_.contacts = std::move(contacts);
  Actions out;
  if (state_ == State::online) append(out, roster_.become(others(), now));
  if (state_ == State::fetching) roster_ = Roster(others(), settings_.ownsRoster);
  return out;
}

Reconciler::Actions Reconciler::setPresence(Element presence) {
  settings_.presence = std::move(presence);
  if (state_ != State::online) return {};
  return {Send{settings_.presence}};
}

Reconciler::Actions Reconciler::networkChanged(TimePoint now) {
  if (state_ == State::waiting) deadline_ = std::min(deadline_, now + retry_.anew());
  if (state_ == State::connecting) {  // maybe in vain
    retry_.succeeded();
    deadline_ = std::min(deadline_, now + changedAttempt);
  }
  if (state_ != State::online) return {};
  retry_.succeeded();  // if the stream is dead now, that is not the server's doing
  pinged_ = true;
  deadline_ = std::min(deadline_, now + std::min(changedDeadline, settings_.pingDeadline));
  return {Ping{}};
}

Reconciler::Actions Reconciler::bound(const Jid& self, TimePoint now) {
  if (state_ != State::connecting) return {};
  account_ = self.bare();
  roster_ = Roster(others(), settings_.ownsRoster);
  state_ = State::fetching;
  deadline_ = now + rosterDeadline;
  heardAt_ = now;
  // RFC 6121 section 2.2: the roster first, so that the server sends subscription requests and changes.
  return {AskRoster{}};
}

Reconciler::Actions Reconciler::rosterCame(const Element* query, TimePoint now) {
  if (state_ != State::fetching) return {};
  state_ = State::online;
  onlineSince_ = now;
  pinged_ = false;
  deadline_ = heardAt_ + settings_.longestSilence;
  Actions out{Send{settings_.presence}};
  append(out, roster_.loaded(query, now));
  out.emplace_back(Online{});
  return out;
}

Reconciler::Actions Reconciler::rosterChanged(const Element& query, TimePoint now) {
  Actions out;
  // Before the roster itself has come, its changes are in it.
  if (state_ == State::online) append(out, roster_.changed(query, now));
  return out;
}

Reconciler::Actions Reconciler::askedToSubscribe(const Element& stanza, TimePoint now) {
  Actions out;
  if (state_ == State::online) append(out, roster_.asked(stanza, now));
  return out;
}

Reconciler::Actions Reconciler::presenceCame(const Jid& from, TimePoint now) {
  Actions out;
  if (state_ == State::online) append(out, roster_.seen(from, now));
  return out;
}

void Reconciler::heard(TimePoint now) {
  if (!streaming()) return;
  heardAt_ = now;
  if (state_ != State::online) return;
  pinged_ = false;
  deadline_ = now + settings_.longestSilence;
}

Reconciler::Actions Reconciler::closed(const run::Error& why, TimePoint now) {
  if (state_ != State::connecting && !streaming()) return {};
  return giveUp(why, now);
}

Reconciler::Actions Reconciler::giveUp(run::Error why, TimePoint now) {
  if (state_ == State::online && now - onlineSince_ >= lasting) retry_.succeeded();
  const auto wait = retry_.next(hopeless(why.code));
  state_ = State::waiting;
  deadline_ = now + wait;
  return {Close{std::move(why), wait}};
}

Reconciler::Actions Reconciler::tick(TimePoint now) {
  Actions out;
  if (state_ == State::online) append(out, roster_.tick(now));
  if (state_ == State::stopped || now < deadline_) return out;
  switch (state_) {
    case State::waiting:
      return open(now);
    case State::connecting:
      return giveUp(tookTooLong(settings_.longestAttempt), now);
    case State::fetching:
      return rosterCame(nullptr, now);
    default:
      break;
  }
  if (pinged_) return giveUp(wasSilent(now - heardAt_), now);
  pinged_ = true;
  deadline_ = now + settings_.pingDeadline;
  out.emplace_back(Ping{});
  return out;
}

std::optional<Reconciler::TimePoint> Reconciler::nextDeadline() const {
  if (state_ == State::stopped) return std::nullopt;
  if (state_ != State::online) return deadline_;
  return std::min(deadline_, roster_.nextDeadline().value_or(deadline_));
}

}  // namespace beckon::xmpp
