#include "policy/leases.hpp"

#include <algorithm>
#include <array>

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

namespace {

Error notHeld(const Lease& lease) {
  return {Code::leaseNeeded, "you do not have the control lease \"" + lease.name + "\"", "take it, or take it again"};
}

// Listeners are optional.
template <class Handler, class... Args>
void tell(const Handler& handler, const Args&... args) {
  if (handler) handler(args...);
}

}  // namespace

std::string_view text(Leases::End end) {
  constexpr std::array<std::string_view, 7> texts{"given back",
                                                  "handed over",
                                                  "lapsed: no heartbeat came",
                                                  "expired: held as long as it may be",
                                                  "its session has ended",
                                                  "the policy has changed",
                                                  "the watchdog ended it"};
  return texts[static_cast<std::size_t>(end)];
}

Result<Leases::Entry*> Leases::find(std::string_view name, Time now) {
  const auto found = entries_.find(name);
  if (found == entries_.end())
    return Error{Code::unknownMember, "there is no control lease of that name", "Control.leases lists those there are"};
  settle(found->second, now);
  return &found->second;
}

// What has no time left ends before anything else is decided.
void Leases::settle(Entry& entry, Time now) {
  std::erase_if(entry.asking, [&](const Asking& each) { return each.until <= now; });
  if (entry.state == State::held && entry.over() <= now)
    end(entry, entry.kept + entry.lease.lapse <= now ? End::lapsed : End::expired);
}

void Leases::begin(Entry& entry, const Owner& who, Time now) {
  entry.state = State::held;
  entry.holder = who;
  entry.taken = entry.kept = now;
  std::erase_if(entry.asking, [&](const Asking& each) { return each.who == who; });
  tell(listener_.taken, entry.lease, entry.holder);
}

void Leases::end(Entry& entry, End why) {
  entry.state = State::ending;
  const auto holder = std::exchange(entry.holder, {});
  tell(listener_.ended, entry.lease, holder, why);
}

void Leases::next(Entry& entry, Time now) {
  entry.state = State::free;
  settle(entry, now);
  if (isWithheld() || entry.asking.empty()) return tell(listener_.freed, entry.lease);
  const auto first = entry.asking.front().who;
  begin(entry, first, now);
}

void Leases::define(const std::vector<Lease>& leases, const MayTake& mayTake) {
  std::map<std::string, Entry, std::less<>> fresh;
  for (const auto& lease : leases) fresh.emplace(lease.name, Entry{lease});
  for (auto& [name, entry] : entries_) {
    const auto found = fresh.find(name);
    const bool isSame = found != fresh.end() && found->second.lease == entry.lease;
    if (entry.state == State::held && !(isSame && mayTake(entry.holder, name))) end(entry, End::policy);
    if (found == fresh.end()) {
      if (entry.state == State::ending) retired_.insert(name);
      continue;
    }
    auto& now = found->second;
    now.state = entry.state;
    now.holder = entry.holder;
    now.taken = entry.taken;
    now.kept = entry.kept;
    now.asking = std::move(entry.asking);
    std::erase_if(now.asking, [&](const Asking& each) { return !mayTake(each.who, now.lease.name); });
  }
  for (auto& [name, entry] : fresh)
    if (retired_.erase(name) > 0) entry.state = State::ending;
  entries_ = std::move(fresh);
}

void Leases::watched(std::optional<Error> whyNot, Time now) {
  whyNot_ = std::move(whyNot);
  for (auto& [name, entry] : entries_)
    if (whyNot_ && entry.state == State::held) end(entry, End::watchdog);
  serveAsking(now);
}

void Leases::serveAsking(Time now) {
  for (auto& [name, entry] : entries_)
    if (!isWithheld() && entry.state == State::free && !entry.asking.empty()) next(entry, now);
}

Result<> Leases::take(const Owner& who, std::string_view name, Time now) {
  const auto found = find(name, now);
  if (!found) return found.error();
  auto& entry = **found;
  if (entry.state == State::held && entry.holder == who) return keep(who, name, now);
  if (whyNot_)
    return Error{Code::unreachable, "control cannot be taken: " + whyNot_->cause, "try again when that is mended"};
  if (entry.state == State::held)
    return Error{Code::leaseHeld, entry.holder.caller.principal + " has the control lease \"" + entry.lease.name + "\"",
                 "ask for it, or wait until it ends"};
  if (entry.state == State::ending || !retired_.empty())
    return Error{Code::leaseHeld, "the control lease \"" + entry.lease.name + "\" ends, and the robot is being stopped",
                 "try again in a moment"};
  begin(entry, who, now);
  return {};
}

Result<> Leases::keep(const Owner& who, std::string_view name, Time now) {
  const auto found = find(name, now);
  if (!found) return found.error();
  auto& entry = **found;
  if (entry.state != State::held || entry.holder != who) return notHeld(entry.lease);
  entry.kept = now;
  tell(listener_.kept, entry.lease);
  return {};
}

Result<> Leases::share(const Owner& who, std::string_view name, Time now) {
  if (const auto kept = keep(who, name, now); !kept) return kept;
  entries_.find(name)->second.holder.isShared = true;
  return {};
}

Result<> Leases::give(const Owner& who, std::string_view name, std::string_view to, Time now) {
  const auto found = find(name, now);
  if (!found) return found.error();
  auto& entry = **found;
  if (entry.state != State::held || entry.holder != who) return notHeld(entry.lease);
  if (to.empty()) {
    end(entry, End::givenBack);
    return {};
  }
  const auto asks =
      std::ranges::find_if(entry.asking, [&](const Asking& each) { return each.who.caller.principal == to; });
  if (asks == entry.asking.end())
    return Error{Code::badArguments, std::string(to) + " does not ask for the control lease", "whoever wants it asks"};
  const auto next = asks->who;
  end(entry, End::handedOver);
  begin(entry, next, now);
  return {};
}

Result<> Leases::ask(const Owner& who, std::string_view name, Time now) {
  const auto found = find(name, now);
  if (!found) return found.error();
  auto& entry = **found;
  if (entry.state == State::held && entry.holder == who) return keep(who, name, now);
  if (entry.state == State::free && retired_.empty()) return take(who, name, now);
  const auto until = now + entry.lease.lapse;
  const auto known = std::ranges::find_if(entry.asking, [&](const Asking& each) { return each.who == who; });
  if (known != entry.asking.end()) {
    known->until = until;
    return {};
  }
  const auto ofOne = std::ranges::count_if(
      entry.asking, [&](const Asking& each) { return each.who.caller.principal == who.caller.principal; });
  if (entry.asking.size() >= mostAsking || static_cast<std::size_t>(ofOne) >= mostAskingOfOne)
    return Error{Code::overloaded, "too many ask for this control lease", "try again later"};
  entry.asking.push_back({who, until});
  if (entry.state == State::held) tell(listener_.asked, entry.lease, entry.holder, who);
  return {};
}

void Leases::leave(std::string_view session, Time now) {
  for (auto& [name, entry] : entries_) {
    std::erase_if(entry.asking, [&](const Asking& each) { return each.who.session == session; });
    settle(entry, now);
    if (entry.state == State::held && entry.holder.session == session) end(entry, End::left);
  }
}

void Leases::expire(Time now) {
  for (auto& [name, entry] : entries_) settle(entry, now);
}

std::optional<Leases::Time> Leases::next() const {
  std::optional<Time> first;
  for (const auto& [name, entry] : entries_)
    if (entry.state == State::held) first = std::min(first.value_or(Time::max()), entry.over());
  return first;
}

void Leases::stopped(std::string_view name, Time now) {
  if (retired_.erase(std::string(name)) > 0) return serveAsking(now);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  if (found->second.state == State::ending) next(found->second, now);
}

void Leases::intervened(std::string_view name) {
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second.state == State::held) end(found->second, End::watchdog);
}

bool Leases::holds(std::string_view name, const Caller& caller, std::string_view session, Time now) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.state == State::held && found->second.over() > now &&
         found->second.holder.covers(caller.principal, session);
}

bool Leases::concerns(std::string_view session) const {
  return std::ranges::any_of(entries_, [&](const auto& named) {
    const auto& entry = named.second;
    return (entry.state == State::held && entry.holder.session == session) ||
           std::ranges::any_of(entry.asking, [&](const Asking& each) { return each.who.session == session; });
  });
}

std::optional<Leases::Standing> Leases::standing(std::string_view name, Time now) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  const auto& entry = found->second;
  Standing out{entry.lease, entry.state, {}, {}};
  if (entry.state == State::free && !retired_.empty()) out.state = State::ending;
  if (entry.state != State::held) return out;
  if (entry.over() <= now) {
    out.state = State::ending;
    return out;
  }
  out.holder = entry.holder.caller.principal;
  out.left = std::chrono::ceil<std::chrono::milliseconds>(entry.over() - now);
  return out;
}

const std::string* Leases::holder(std::string_view name, Time now) const {
  const auto found = entries_.find(name);
  const bool isHeld = found != entries_.end() && found->second.state == State::held && found->second.over() > now;
  return isHeld ? &found->second.holder.caller.principal : nullptr;
}

}  // namespace beckon::policy
