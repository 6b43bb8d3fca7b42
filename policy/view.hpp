#pragma once

#include "policy/caller.hpp"
#include "policy/leases.hpp"
#include "policy/policy.hpp"
#include "policy/rates.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace beckon::policy {

// What somebody wants to do. A method's types ("say::(s)") do not count: rules are about names.
struct Act {
  Verb verb = Verb::list;
  std::string_view service;       // empty, with `list`: which services there are
  std::string_view member;        // empty: the service itself
  std::size_t payload = 0;        // bytes of the arguments as they came
  bool isRepeat = false;          // it goes on (a subscription), or came again: it does not count against a rate
  std::string_view session = {};  // of the caller, as the door names it: who has a control lease
};

enum class Refusal : std::uint8_t {
  none,
  notGranted,  // no rule says so
  door,        // a rule does, but not for this door
  time,        // outside of its hours, or the robot's clock is not set
  payload,
  lease,  // it takes a control lease, which this session does not have
  rate
};

// "not-granted", "rate" ...: for the record.
std::string_view text(Refusal refusal);

// The answer to an Act. Its rule lives as long as the view that gave it.
struct Decision {
  bool isAllowed = false;
  Refusal refusal = Refusal::notGranted;  // none if it is allowed
  const Rule* rule = nullptr;  // what granted it, or whose condition does not hold; null if no rule is about it
  // The caller may see that there is something, so that the refusal may be told. Otherwise whoever asked is answered as
  // if it did not exist.
  bool isVisible = false;
  const Lease* lease = nullptr;         // that it takes, whether the session has it or not; null: none. Lives as `rule`
  const std::string* holder = nullptr;  // principal of who has it, where that is the refusal; until anything changes

  explicit operator bool() const { return isAllowed; }
  std::string_view ruleName() const { return rule ? std::string_view(rule->name) : std::string_view(); }
};

// Whether a service is shown.
enum class Visibility : std::uint8_t {
  no,
  ifAMemberIs,  // only if one of the members that it has is visible
  yes
};

// The clocks, given from outside.
struct Clock {
  std::function<std::chrono::steady_clock::time_point()> steady;
  std::function<std::chrono::system_clock::time_point()> wall;
  static Clock real();
};

// The policy as it is for one caller: every door asks it for everything, before it decodes an argument. It is of one
// version of the policy and stays so; Authority gives a new one after a change. One thread at a time.
//
// Listed means callable (docs/design/020): a member is visible if and only if a verb that fits its kind is granted at
// this door, whatever rate, payload and time say. Nothing that `isReserved` is visible, whatever rules say.
class View {
 public:
  // `rates` may be null: then none are counted and no rate refuses; and `leases`: as if whoever asks had them.
  View(std::shared_ptr<const Policy> policy, Caller caller, std::shared_ptr<Rates> rates, Clock clock,
       std::shared_ptr<const Leases> leases = nullptr);

  // Counts against the rate of the rule that grants it. Names may be anything that came from outside.
  Decision decide(const Act& act);
  // Why, for the audit and for `explain`: "rule \"guests\" lets it: ...".
  std::string explain(const Act& act, const Decision& decision) const;

  // Whether any rule at all is for the caller at this door. If not, it is answered as if there were nobody.
  bool isEmpty() const { return here_.empty(); }
  // The verbs that are granted on a member, whatever rate, payload and time say.
  Verbs granted(std::string_view service, std::string_view member);
  bool isVisible(std::string_view service, std::string_view member, Kind kind) {
    return !member.empty() && granted(service, member).hasAnyOf(Verbs::of(kind));
  }
  Visibility visibility(std::string_view service) const;
  // Whether any rule lets it register a service of some name.
  bool mayProvideAnything() const {
    for (const auto& mine : here_)
      if (mine.rule->may.has(Verb::provide)) return true;
    return false;
  }

  // The control leases that it may take, by name: of those that cover what it may call, post to or set.
  const std::vector<const Lease*>& takable() const { return takable_; }
  bool mayTake(std::string_view lease) const;

  const Caller& caller() const { return caller_; }
  const Policy& policy() const { return *policy_; }

 private:
  struct Mine {
    const Rule* rule;
    std::shared_ptr<Bucket> bucket;  // of a rule with a rate
  };
  struct Known {
    std::vector<std::uint32_t> rules;  // in `here_`: those about this member, in the order of the file
    Verbs verbs;
    const Lease* lease;  // that covers it
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  const Known& known(std::string_view service, std::string_view member);
  Refusal check(const Mine& mine, const Act& act, const Lease* lease) const;
  bool isControl(std::string_view service) const;
  void findTakable();
  const Rule* ruleElsewhere(const Act& act) const;
  Decision refused(const Act& act, Verbs verbs) const;

  std::shared_ptr<const Policy> policy_;
  Caller caller_;
  std::shared_ptr<Rates> rates_;
  Clock clock_;
  std::shared_ptr<const Leases> leases_;
  std::vector<const Lease*> takable_;
  std::vector<Mine> here_;              // rules for this caller at this door
  std::vector<const Rule*> elsewhere_;  // for this caller, at a door that is trusted more
  std::unordered_map<std::string, Known, Hash, std::equal_to<>> known_;
  std::string key_;  // for looking up without allocating
};

// The service that the gateway itself offers where the policy names control leases, to whoever may take one: rules are
// not asked, and one of the bus with this name is not seen from outside (docs/protocol/control.md).
inline constexpr std::string_view controlService = "Control";

// By which programs on the bus use other robots in this robot's name (docs/design/039).
inline constexpr std::string_view otherRobotsService = "OtherRobots";

// What no rule can grant to anybody outside: members and services whose names begin with an underscore; OtherRobots, by
// which he would come to other robots as somebody else; and the members of the service directory that change
// registrations (a gateway that provides a service for somebody does it by itself).
bool isReserved(std::string_view service, std::string_view member);

// The actions below 100 that every object has and that a qi client cannot do without: they are there on every visible
// object, listed in its meta object or not. What they reach (a property, a signal) is decided by that member's name.
// The others (terminate of a service, statistics, traces) are refused.
bool isNeededByClients(std::uint32_t action);

// What whoever asked is told. Only for a decision that is visible. Codes: refused, notNow, tooLarge, leaseNeeded,
// overloaded.
run::Error toError(const Act& act, const Decision& decision);

}  // namespace beckon::policy
