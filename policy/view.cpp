#include "policy/view.hpp"

#include <algorithm>

namespace beckon::policy {

using run::Code;
using run::Error;

namespace {

// Names come from outside: no caller makes a view grow beyond this.
constexpr std::size_t mostKnown = 2048;

// What a control lease is for; to look and listen is everybody's who may.
constexpr Verbs underLeases(Verb::call, Verb::post, Verb::set);

// What grants the use of Control.
const Rule ofControl{.name = "control leases",
                     .who = {},
                     .may = Verbs(Verb::list, Verb::call, Verb::watch),
                     .on = {},
                     .except = {},
                     .limits = {}};

std::string_view withoutTypes(std::string_view member) { return member.substr(0, member.find("::")); }

Visibility shownBy(const Rule& rule, std::string_view service) {
  const auto isOf = [&](const MemberPattern& pattern) { return pattern.matchesService(service); };
  const auto isAllOf = [&](const MemberPattern& pattern) { return isOf(pattern) && pattern.isWholeService(); };
  if (isReserved(service, {}) || std::ranges::none_of(rule.on, isOf) || std::ranges::any_of(rule.except, isAllOf))
    return Visibility::no;
  return rule.may.has(Verb::list) && std::ranges::any_of(rule.on, isAllOf) ? Visibility::yes : Visibility::ifAMemberIs;
}

std::string place(const Act& act) {
  std::string out(act.service.empty() ? "the robot" : act.service);
  if (!act.member.empty()) out.append(".").append(act.member);
  return out;
}

}  // namespace

std::string_view text(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "none";
    case Refusal::notGranted:
      return "not-granted";
    case Refusal::door:
      return "door";
    case Refusal::time:
      return "time";
    case Refusal::payload:
      return "payload";
    case Refusal::lease:
      return "lease";
    case Refusal::rate:
      break;
  }
  return "rate";
}

Clock Clock::real() { return {std::chrono::steady_clock::now, std::chrono::system_clock::now}; }

View::View(std::shared_ptr<const Policy> policy, Caller caller, std::shared_ptr<Rates> rates, Clock clock,
           std::shared_ptr<const Leases> leases)
    : policy_(std::move(policy)),
      caller_(std::move(caller)),
      rates_(std::move(rates)),
      clock_(std::move(clock)),
      leases_(std::move(leases)) {
  for (const auto& rule : policy_->rules()) {
    if (!policy_->isFor(rule, caller_.principal, caller_.roles)) continue;
    if (caller_.door >= rule.door)
      here_.push_back(
          {&rule, rates_ && rule.limits.rate ? rates_->of(caller_.principal, rule.name, clock_.steady()) : nullptr});
    else
      elsewhere_.push_back(&rule);
  }
  findTakable();
}

// Which members there are, a policy does not know: patterns are compared.
void View::findTakable() {
  const auto isInside = [](const std::vector<MemberPattern>& patterns, const MemberPattern& one) {
    return std::ranges::any_of(patterns, [&](const MemberPattern& each) { return each.contains(one); });
  };
  const auto grants = [&](const Mine& mine, const MemberPattern& covered) {
    const auto& rule = *mine.rule;
    return rule.may.hasAnyOf(underLeases) && !isInside(rule.except, covered) &&
           std::ranges::any_of(rule.on, [&](const MemberPattern& pattern) {
             return pattern.meets(covered) && !isInside(rule.except, pattern);
           });
  };
  for (const auto& lease : policy_->leases())
    if (std::ranges::any_of(lease.on, [&](const MemberPattern& covered) {
          return std::ranges::any_of(here_, [&](const Mine& mine) { return grants(mine, covered); });
        }))
      takable_.push_back(&lease);
}

bool View::mayTake(std::string_view lease) const {
  return std::ranges::any_of(takable_, [&](const Lease* each) { return each->name == lease; });
}

bool View::isControl(std::string_view service) const { return service == controlService && !policy_->leases().empty(); }

const View::Known& View::known(std::string_view service, std::string_view member) {
  // No name has a zero byte in it, and one that does is its own fault: it matches what it matches.
  key_.assign(service).push_back('\0');
  key_.append(member);
  if (const auto found = known_.find(std::string_view(key_)); found != known_.end()) return found->second;
  if (known_.size() >= mostKnown) known_.clear();
  Known fresh{{}, {}, nullptr};
  if (isControl(service)) {
    if (!takable_.empty()) fresh.verbs = ofControl.may;
    return known_.emplace(key_, std::move(fresh)).first->second;
  }
  for (const auto& lease : policy_->leases())
    if (lease.covers(service, member)) fresh.lease = &lease;
  if (!isReserved(service, member) && service.size() + member.size() <= longestName)
    for (std::uint32_t i = 0; i < here_.size(); ++i)
      if (const auto& rule = *here_[i].rule; rule.covers(service, member)) {
        fresh.rules.push_back(i);
        fresh.verbs.add(rule.may);
      }
  return known_.emplace(key_, std::move(fresh)).first->second;
}

Verbs View::granted(std::string_view service, std::string_view member) {
  return known(service, withoutTypes(member)).verbs;
}

Visibility View::visibility(std::string_view service) const {
  if (isControl(service)) return takable_.empty() ? Visibility::no : Visibility::yes;
  auto most = Visibility::no;
  for (const auto& mine : here_) most = std::max(most, shownBy(*mine.rule, service));
  return most;
}

Refusal View::check(const Mine& mine, const Act& act, const Lease* lease) const {
  const auto& limits = mine.rule->limits;
  if (!limits.times.empty()) {
    const auto now = localTime(clock_.wall());
    if (!now || std::ranges::none_of(limits.times, [&](const TimeWindow& window) { return window.isOpen(*now); }))
      return Refusal::time;
  }
  if (limits.payload && act.payload > *limits.payload) return Refusal::payload;
  if (lease && leases_ && !leases_->holds(lease->name, caller_, act.session, clock_.steady())) return Refusal::lease;
  // The last one: what is refused for another reason uses nothing up.
  if (mine.bucket && !act.isRepeat && !mine.bucket->take(*limits.rate, clock_.steady())) return Refusal::rate;
  return Refusal::none;
}

Decision View::decide(const Act& asked) {
  Act act = asked;
  act.member = withoutTypes(act.member);
  if (isControl(act.service)) {
    const bool isGranted = !takable_.empty() && ofControl.may.has(act.verb);
    if (!isGranted) return {false, Refusal::notGranted, nullptr, !takable_.empty()};
    return {true, Refusal::none, &ofControl, true};
  }
  if (act.member.empty() && act.verb == Verb::list) {
    for (const auto& mine : here_)
      if (act.service.empty() || shownBy(*mine.rule, act.service) != Visibility::no)
        return {true, Refusal::none, mine.rule, true};
    return refused(act, {});
  }
  if (act.member.empty() && act.verb != Verb::provide) return {};
  const auto& [rules, verbs, covering] = known(act.service, act.member);
  const auto* lease = underLeases.has(act.verb) ? covering : nullptr;
  Decision first = {};
  for (const auto index : rules) {
    const auto& mine = here_[index];
    if (!mine.rule->may.has(act.verb)) continue;
    const auto refusal = check(mine, act, lease);
    if (refusal == Refusal::none) return {true, refusal, mine.rule, true, lease};
    if (!first.rule) first = {false, refusal, mine.rule, true, lease};
  }
  if (first.refusal == Refusal::lease) first.holder = leases_->holder(lease->name, clock_.steady());
  return first.rule ? first : refused(act, verbs);
}

const Rule* View::ruleElsewhere(const Act& act) const {
  if (isReserved(act.service, act.member)) return nullptr;
  const auto found = std::ranges::find_if(
      elsewhere_, [&](const Rule* rule) { return rule->may.has(act.verb) && rule->covers(act.service, act.member); });
  return found == elsewhere_.end() ? nullptr : *found;
}

Decision View::refused(const Act& act, Verbs verbs) const {
  const auto* elsewhere = ruleElsewhere(act);
  return {false, elsewhere ? Refusal::door : Refusal::notGranted, elsewhere, !verbs.isEmpty()};
}

std::string View::explain(const Act& act, const Decision& decision) const {
  const auto what = caller_.principal + " " + std::string(text(act.verb)) + " " + place(act) + " by " +
                    std::string(text(caller_.door));
  const auto rule = "rule \"" + std::string(decision.ruleName()) + "\"";
  switch (decision.refusal) {
    case Refusal::none:
      return what + ": " + rule + " grants it" +
             (decision.lease ? " to who has the control lease \"" + decision.lease->name + "\"" : "");
    case Refusal::door:
      return what + ": " + rule + " grants it at the door " + std::string(text(decision.rule->door)) + " only";
    case Refusal::time:
      return what + ": " + rule + " grants it at other times" +
             (localTime(clock_.wall()) ? "" : ", and the robot's clock is not set");
    case Refusal::payload:
      return what + ": " + rule + " takes arguments of " + std::to_string(*decision.rule->limits.payload) +
             " bytes at most, these have " + std::to_string(act.payload);
    case Refusal::lease:
      return what + ": " + rule + " grants it to who has the control lease \"" + decision.lease->name + "\", which " +
             (decision.holder ? *decision.holder + " has" : "nobody has");
    case Refusal::rate:
      return what + ": " + rule + " grants fewer in the time";
    case Refusal::notGranted:
      break;
  }
  if (isReserved(act.service, act.member)) return what + ": no rule can grant it, it is the robot's own";
  return what + ": no rule grants it";
}

Error toError(const Act& act, const Decision& decision) {
  const auto where = place(act);
  switch (decision.refusal) {
    case Refusal::time:
      return {Code::notNow, "the robot's policy does not let you use " + where + " at this time",
              "try again in the hours that its owner set"};
    case Refusal::payload:
      return {Code::tooLarge, "the arguments for " + where + " are larger than the robot's policy lets you send",
              "send less at once: " + std::to_string(*decision.rule->limits.payload) + " bytes at most"};
    case Refusal::lease:
      return {Code::leaseNeeded,
              where + " takes the control lease \"" + decision.lease->name + "\", which " +
                  (decision.holder ? *decision.holder + " has" : "nobody has"),
              decision.holder ? "ask for it with Control.ask" : "take it with Control.take"};
    case Refusal::rate:
      return {Code::overloaded, "you use " + where + " more often than the robot's policy lets you",
              "wait a moment, and ask less often"};
    default:
      return {Code::refused, "the robot's policy does not let you " + std::string(text(act.verb)) + " " + where,
              "ask its owner for the right to do it"};
  }
}

}  // namespace beckon::policy
