// Listed if and only if callable, over random policies and buses, by real calls of real objects.

#include "tests/gateway/iq_door_fixture.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace beckon::gateway {
namespace {

using policy::Verb;

const std::vector<std::string> principals{"p0@x", "p1@x", "p2@x", "p3@y"};
const std::vector<std::string> services{"S0", "S1", "T.0", "Absent"};
const std::vector<std::string> members{"m0", "m1", "s0", "p0", "p1", "absent"};
constexpr Verb verbs[] = {Verb::call, Verb::post, Verb::get, Verb::set, Verb::watch};

class ListedMeansCallable : public IqDoorTest {
 protected:
  std::string oneOf(const std::vector<std::string>& from) { return from[random() % from.size()]; }

  // What is on the bus, by place: the verbs that fit its kind.
  void fillBus() {
    for (const auto& service : {"S0", "S1", "T.0"}) {
      localbus::ObjectBuilder builder;
      for (const auto* method : {"m0", "m1"})
        if (random() % 4)
          builder.method(method, [this] { ++calls; }), existing[place(service, method)] = policy::Kind::method;
      if (random() % 4) (void)builder.signal<int>("s0"), existing[place(service, "s0")] = policy::Kind::signal;
      for (const auto* property : {"p0", "p1"})
        if (random() % 4)
          builder.property<int>(property, 0), existing[place(service, property)] = policy::Kind::property;
      ids.push_back(bus.await(provider->registerService(service, builder.build())).value());
    }
  }
  void emptyBus() {
    for (const auto id : ids) ASSERT_TRUE(bus.await(provider->unregisterService(id)));
    ids.clear();
    existing.clear();
  }

  std::string randomRule(const std::string& name, const std::string& who) {
    const std::vector<std::string> on{"*", "S0", "S*", "S0.m0", "*.m*", "*.p0", "T.0.*", "T.0.s0", "S1.p*", "Absent"};
    return "[[rule]]\nname = '" + name + "'\nwho = '" + who + "'\nmay = '" +
           oneOf({"*", "*", "call", "post", "get", "set", "watch"}) + "'\non = ['" + oneOf(on) + "', '" + oneOf(on) +
           "']\n" + (random() % 2 ? "except = '" + oneOf(on) + "'\n" : "") + (random() % 5 ? "" : "door = 'lan'\n");
  }
  std::string randomPolicy() {
    std::string toml;
    for (unsigned i = 0, count = 2 + random() % 5; i < count; ++i)
      toml += randomRule("r" + std::to_string(i), oneOf({"p0@x", "p1@x", "*@x", "p3@*", "*"}));
    return toml;
  }

  static std::string place(const std::string& service, const std::string& member) { return service + "." + member; }
  static std::string from(const std::string& principal) { return principal + "/r"; }

  // Services and members that are shown.
  struct Listing {
    std::set<std::string> services, members;
    bool operator==(const Listing&) const = default;
  };
  Listing listed(const std::string& who) {
    Listing out;
    const auto answer = ask(from(who), "get", rpc::servicesRequest());
    if (answer.attribute("type") != "result") return out;
    for (const auto& name : rpc::readServices(*answer.child("services", rpc::ns)).value())
      if (std::ranges::count(services, name)) out.services.insert(name);
    // Also of what was not listed: it is not told either.
    for (const auto& service : services) {
      const auto body = result("get", rpc::infoRequest(service), from(who));
      EXPECT_EQ(!body.name.empty(), out.services.contains(service)) << who << " " << service << context;
      if (body.name.empty()) continue;
      const auto info = rpc::readInfo(body).value();
      for (const auto& [uid, each] : info.methods) out.members.insert(place(service, each.name));
      for (const auto& [uid, each] : info.signals) out.members.insert(place(service, each.name));
      for (const auto& [uid, each] : info.properties) out.members.insert(place(service, each.name));
    }
    return out;
  }

  // Whether it is done: asked for by a request, and seen to happen where that can be seen.
  bool canDo(const std::string& who, Verb verb, const std::string& service, const std::string& member) {
    const auto done = [&](std::string_view type, const Element& body) {
      return !result(type, body, from(who)).name.empty();
    };
    switch (verb) {
      case Verb::call: {
        const auto before = calls;
        const bool isDone = done("set", rpc::callRequest({service, member, "[]"}));
        EXPECT_EQ(calls - before, isDone ? 1 : 0) << place(service, member) << context;
        return isDone;
      }
      case Verb::post: {
        const auto before = calls;
        const bool isMethod = member.starts_with('m');
        const bool isDone = done("set", rpc::postRequest({service, member, isMethod ? "[]" : "[1]"}));
        if (isDone && isMethod) {
          EXPECT_TRUE(bus.runUntil([&] { return calls == before + 1; })) << context;
        }
        return isDone;
      }
      case Verb::get:
        return done("get", rpc::propertyRequest({service, member}));
      case Verb::set:
        return done("set", rpc::setRequest({service, member}, "1"));
      default: {
        const bool isDone = done("set", rpc::subscribeRequest({service, member, "w"}));
        if (isDone) result("set", rpc::unsubscribeRequest("w"), from(who));
        return isDone;
      }
    }
  }

  // The rules as they are written, without what makes them fast.
  bool isGranted(const policy::Policy& policy, const std::string& who, Verb verb, const std::string& service,
                 const std::string& member) const {
    return std::ranges::any_of(policy.rules(), [&](const policy::Rule& rule) {
      const auto about = [&](const policy::MemberPattern& pattern) { return pattern.matches(service, member); };
      return rule.door == policy::Door::iq && rule.may.has(verb) && policy.isFor(rule, who, {}) &&
             std::ranges::any_of(rule.on, about) && std::ranges::none_of(rule.except, about);
    });
  }
  bool fits(Verb verb, const std::string& where) const {
    const auto found = existing.find(where);
    if (found == existing.end()) return false;
    // A property's signal is there as well.
    return policy::Verbs::of(found->second).has(verb) ||
           (found->second == policy::Kind::property && policy::Verbs::of(policy::Kind::signal).has(verb));
  }
  // Of all that is on the bus, for all principals.
  double visiblePart(const policy::Policy& policy) const {
    std::size_t visible = 0;
    for (const auto& who : principals)
      for (const auto& entry : existing) {
        const auto& where = entry.first;  // clang 14 captures no structured bindings
        const auto dot = where.rfind('.');
        visible += std::ranges::any_of(verbs, [&](Verb verb) {
          return fits(verb, where) && isGranted(policy, who, verb, where.substr(0, dot), where.substr(dot + 1));
        });
      }
    return static_cast<double>(visible) / static_cast<double>(principals.size() * existing.size());
  }

  const std::uint32_t seed = std::random_device()();
  std::mt19937 random{seed};
  std::map<std::string, policy::Kind> existing;
  std::vector<std::uint32_t> ids;
  std::string context;  // of a failure
};

TEST_F(ListedMeansCallable, forEveryPrincipalVerbAndMember) {
  for (int round = 0; round < 10 && !HasFailure(); ++round) {
    fillBus();
    std::string toml;
    std::shared_ptr<const policy::Policy> policy;
    do {
      toml = randomPolicy();
      policy = policy::Policy::parse(toml, "policy.toml").value();
    } while (visiblePart(*policy) < 0.1 || visiblePart(*policy) > 0.9);
    context = " (round " + std::to_string(round) + ", seed " + std::to_string(seed) + ")\n" + toml;
    open(policy);
    std::map<std::string, Listing> before;
    std::size_t shownInAll = 0;
    for (const auto& who : principals) {
      const auto shown = before[who] = listed(who);
      shownInAll += shown.members.size();
      for (const auto& service : services) {
        bool isAnyUsable = false;
        for (const auto& member : members) {
          bool isUsable = false;
          for (const auto verb : verbs) {
            const bool can = canDo(who, verb, service, member);
            isUsable |= can;
            const bool may = isGranted(*policy, who, verb, service, member) && fits(verb, place(service, member));
            EXPECT_EQ(can, may) << who << " " << text(verb) << " " << place(service, member) << context;
          }
          isAnyUsable |= isUsable;
          EXPECT_EQ(shown.members.contains(place(service, member)), isUsable)
              << who << " " << place(service, member) << context;
        }
        if (isAnyUsable) {
          EXPECT_TRUE(shown.services.contains(service)) << who << " " << service << context;
        }
      }
    }
    const auto part = static_cast<double>(shownInAll) / static_cast<double>(principals.size() * existing.size());
    EXPECT_GE(part, 0.1) << context;
    EXPECT_LE(part, 0.9) << context;
    // A rule more for one, while the others are there.
    const auto larger = toml + randomRule("more", "p0@x");
    authority->replace(policy::Policy::parse(larger, "policy.toml").value());
    for (const auto& who : principals) {
      const auto after = listed(who);
      if (who != "p0@x") {
        EXPECT_EQ(after, before[who]) << who << context << "and then\n" << larger;
      }
      EXPECT_TRUE(std::ranges::includes(after.members, before[who].members)) << "rules only grant" << context;
    }
    emptyBus();
  }
}

}  // namespace
}  // namespace beckon::gateway
