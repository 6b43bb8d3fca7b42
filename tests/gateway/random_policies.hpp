#pragma once

#include "localbus/object_builder.hpp"
#include "policy/policy.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

// Buses and policies at random, and what the rules say as they are written, without what makes them fast: what every
// door is compared with.
namespace beckon::test {

class RandomPolicies {
 public:
  // `whoAreThere` come by `door`; rules are for `patterns`.
  RandomPolicies(policy::Door door, std::vector<std::string> whoAreThere, std::vector<std::string> patterns)
      : principals(std::move(whoAreThere)), door_(door), patterns_(std::move(patterns)) {}

  const std::vector<std::string> principals;
  const std::vector<std::string> services{"S0", "S1", "T.0", "Absent"};
  const std::vector<std::string> members{"m0", "m1", "s0", "p0", "p1", "absent"};
  static constexpr policy::Verb verbs[] = {policy::Verb::call, policy::Verb::post, policy::Verb::get, policy::Verb::set,
                                           policy::Verb::watch};
  const std::uint32_t seed = std::random_device()();

  static std::string place(const std::string& service, const std::string& member) { return service + "." + member; }

  // What is on the bus, by place, and how often each method there was called.
  std::map<std::string, policy::Kind> existing;
  std::map<std::string, int> calls;

  // A bus anew: `provide` is given each service.
  void fillBus(const std::function<void(const std::string&, std::shared_ptr<localbus::Object>)>& provide) {
    existing.clear();
    calls.clear();
    for (const auto* service : {"S0", "S1", "T.0"}) {
      localbus::ObjectBuilder builder;
      for (const auto* method : {"m0", "m1"})
        if (const auto where = place(service, method); random_() % 4)
          builder.method(method, [this, where] { ++calls[where]; }), existing[where] = policy::Kind::method;
      if (random_() % 4) (void)builder.signal<int>("s0"), existing[place(service, "s0")] = policy::Kind::signal;
      for (const auto* property : {"p0", "p1"})
        if (random_() % 4)
          builder.property<int>(property, 0), existing[place(service, property)] = policy::Kind::property;
      provide(service, builder.build());
    }
  }

  // A policy by which the principals together see 10 to 90 % of the bus.
  std::shared_ptr<const policy::Policy> newPolicy() {
    std::shared_ptr<const policy::Policy> out;
    do {
      toml_.clear();
      for (unsigned i = 0, count = 2 + random_() % 5; i < count; ++i)
        toml_ += rule("r" + std::to_string(i), oneOf(patterns_));
      out = read(toml_);
    } while (visiblePart(*out) < 0.1 || visiblePart(*out) > 0.9);
    return out;
  }
  // The same with a rule more for `who` alone.
  std::shared_ptr<const policy::Policy> policyWithMoreFor(const std::string& who) {
    larger_ = toml_ + rule("more", who);
    return read(larger_);
  }
  // For the text of a failure.
  std::string context() const { return " (seed " + std::to_string(seed) + ")\n" + toml_; }
  std::string larger() const { return context() + "and then\n" + larger_; }

  bool isGranted(const policy::Policy& policy, const std::string& who, policy::Verb verb, const std::string& service,
                 const std::string& member) const {
    return std::ranges::any_of(policy.rules(), [&](const policy::Rule& rule) {
      const auto about = [&](const policy::MemberPattern& pattern) { return pattern.matches(service, member); };
      return isFor(policy, rule, who) && rule.may.has(verb) && std::ranges::any_of(rule.on, about) &&
             std::ranges::none_of(rule.except, about);
    });
  }
  // Whether there is something that it can be done with. A property's signal is there as well.
  bool fits(policy::Verb verb, const std::string& where) const {
    const auto found = existing.find(where);
    return found != existing.end() &&
           (policy::Verbs::of(found->second).has(verb) ||
            (found->second == policy::Kind::property && policy::Verbs::of(policy::Kind::signal).has(verb)));
  }
  // Whether a rule lists the service as a whole, whatever members it has.
  bool isListedAsAWhole(const policy::Policy& policy, const std::string& who, const std::string& service) const {
    return std::ranges::any_of(policy.rules(), [&](const policy::Rule& rule) {
      const auto about = [&](const policy::MemberPattern& pattern) {
        return pattern.isWholeService() && pattern.matchesService(service);
      };
      return isFor(policy, rule, who) && rule.may.has(policy::Verb::list) && std::ranges::any_of(rule.on, about) &&
             std::ranges::none_of(rule.except, about);
    });
  }

 private:
  std::string oneOf(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
  std::string rule(const std::string& name, const std::string& who) {
    const std::vector<std::string> on{"*", "S0", "S*", "S0.m0", "*.m*", "*.p0", "T.0.*", "T.0.s0", "S1.p*", "Absent"};
    return "[[rule]]\nname = '" + name + "'\nwho = '" + who + "'\nmay = '" +
           oneOf({"*", "*", "call", "post", "get", "set", "watch"}) + "'\non = ['" + oneOf(on) + "', '" + oneOf(on) +
           "']\n" + (random_() % 2 ? "except = '" + oneOf(on) + "'\n" : "") +
           (random_() % 5 ? "" : "door = '" + oneOf({"lan", "link"}) + "'\n");
  }
  static std::shared_ptr<const policy::Policy> read(const std::string& toml) {
    return policy::Policy::parse(toml, "policy.toml").value();
  }
  bool isFor(const policy::Policy& policy, const policy::Rule& rule, const std::string& who) const {
    return door_ >= rule.door && policy.isFor(rule, who, {});
  }
  double visiblePart(const policy::Policy& policy) const {
    std::size_t visible = 0;
    for (const auto& who : principals)
      for (const auto& entry : existing) {
        const auto& where = entry.first;  // clang 14 captures no structured bindings
        const auto dot = where.rfind('.');
        visible += std::ranges::any_of(verbs, [&](policy::Verb verb) {
          return fits(verb, where) && isGranted(policy, who, verb, where.substr(0, dot), where.substr(dot + 1));
        });
      }
    return static_cast<double>(visible) / static_cast<double>(principals.size() * existing.size());
  }

  policy::Door door_;
  std::vector<std::string> patterns_;
  std::mt19937 random_{seed};
  std::string toml_, larger_;
};

}  // namespace beckon::test
